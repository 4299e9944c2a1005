/**
 * The root folder of an image, out of what is installed on this Debian machine. It gets programs with the libraries that they
 * are linked to, and whole packages. No registry of images is asked.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  cpSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  readSync,
  realpathSync,
  symlinkSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

/** Debian keeps these below /usr. */
const MERGED = ['bin', 'sbin', 'lib', 'lib64']
/** No program needs them: pages, translations, and what only compilers of the database read. */
const LEFT_OUT = /^\/usr\/share\/(doc|man|locale|lintian|info|bug)\/|\/bitcode\/|llvmjit/
/** Of dpkg and of the linker. */
const OUTPUT_BYTES_MAX = 1e7
const ELF = 0x7f454c46

/** An empty root as Debian lays it out. */
export function createRoot(root: string): void {
  for (const folder of ['usr', ...MERGED.map(name => `usr/${name}`), 'etc', 'tmp', 'var/tmp', 'run'])
    mkdirSync(join(root, folder), { recursive: true })
  for (const name of MERGED) symlinkSync(`usr/${name}`, join(root, name))
  for (const folder of ['tmp', 'var/tmp', 'run']) chmodSync(join(root, folder), 0o1777)
}

/** Programs under the names that they shall have, with their libraries. */
export function copyPrograms(root: string, programs: Readonly<Record<string, string>>): void {
  for (const [name, path] of Object.entries(programs)) copy(path, join(root, name))
  copyLibraries(root, Object.values(programs))
}

/** The files of Debian packages that are installed here, with the libraries that they are linked to. */
export function copyPackages(root: string, packages: readonly string[]): void {
  const listed = execFileSync('dpkg', ['-L', ...packages], { encoding: 'utf8', maxBuffer: OUTPUT_BYTES_MAX })
  const paths = [...new Set(listed.split('\n'))].filter(path => path !== '/.' && !LEFT_OUT.test(path))
  const files = paths.filter(path => {
    const found = lstatSync(path, { throwIfNoEntry: false })
    if (found?.isSymbolicLink()) link(root, path)
    return found?.isFile() === true
  })
  for (const path of files) copy(path, join(root, path))
  copyLibraries(root, files.filter(isLinked))
}

/** A file becomes a file: what stands behind a link is copied under the name of the link. */
function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true })
  cpSync(realpathSync(from), to)
}

function link(root: string, path: string): void {
  const to = join(root, path)
  if (lstatSync(to, { throwIfNoEntry: false })) return
  mkdirSync(dirname(to), { recursive: true })
  symlinkSync(readlinkSync(path), to)
}

/** The linker says what it would load; it refuses what is linked to nothing. */
function copyLibraries(root: string, programs: readonly string[]): void {
  const { stdout } = spawnSync('ldd', [...programs], { encoding: 'utf8', maxBuffer: OUTPUT_BYTES_MAX })
  const libraries = new Set([...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path))
  for (const path of libraries) copy(path, join(root, path))
}

function isLinked(path: string): boolean {
  const file = openSync(path, 'r')
  try {
    const head = Buffer.alloc(4)
    return readSync(file, head) === head.length && head.readUInt32BE() === ELF
  } finally {
    closeSync(file)
  }
}
