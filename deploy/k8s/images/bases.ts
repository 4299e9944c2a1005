/**
 * Stand-ins for the two images that the Dockerfile begins with, where no registry can be reached. Node comes from its package
 * in npm; its libraries and a shell come from the Debian of this machine.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { runCommand } from '../../local/run-command.ts'
import { buildImage } from './buildah.ts'
import { copyPackages, copyPrograms, createRoot } from './root-folder.ts'

/** As the overlay `local` names it. */
export const CAUDAL = 'localhost/caudal:dev'

const PROJECT = resolve(import.meta.dirname, '../../..')
/** An npm of the major version that Node 24 brings. */
const NPM = 'npm@11.21.2'
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt'
/** Debian's slim image has them whole. The native parts of packages are linked to more of them than Node is. */
const LIBRARIES = ['libc6', 'libgcc-s1', 'libstdc++6']
const SHELL = { 'usr/bin/sh': '/usr/bin/dash' }

export interface Bases {
  /** Node, npm, and what commands of the Dockerfile need. */
  readonly base: string
  /** The libraries of Node, and a shell. */
  readonly runtime: string
}

/** Builds both under the name. */
export async function buildBases(name: string): Promise<Bases> {
  const folder = mkdtempSync(join(tmpdir(), 'caudal-bases-'))
  const bases = { base: `${name}:build`, runtime: `${name}:runtime` }
  try {
    await buildRuntime(join(folder, 'runtime'), bases.runtime)
    await buildBase(join(folder, 'base'), bases.base)
    return bases
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The image of Caudal, on stand-ins. Packages come out of npm's cache where they are in it. */
export async function buildCaudal(tag: string, { base, runtime }: Bases): Promise<void> {
  const cache = spawnSync('npm', ['config', 'get', 'cache'], { encoding: 'utf8' }).stdout.trim()
  await buildImage({
    folder: PROJECT,
    tag,
    arguments: { BASE: base, RUNTIME: runtime },
    volumes: existsSync(cache) ? { [cache]: join(homedir(), '.npm') } : {},
  })
}

async function buildRuntime(folder: string, tag: string): Promise<void> {
  const root = join(folder, 'root')
  createRoot(root)
  copyPrograms(root, { ...SHELL, 'usr/local/bin/node': nodeProgram() })
  copyPackages(root, LIBRARIES)
  // Only its libraries: the Dockerfile brings Node itself.
  rmSync(join(root, 'usr/local'), { recursive: true })
  await buildImage({ folder: contextOf(folder), tag })
}

async function buildBase(folder: string, tag: string): Promise<void> {
  const root = join(folder, 'root')
  createRoot(root)
  copyPrograms(root, { ...SHELL, 'usr/local/bin/node': nodeProgram() })
  copyPackages(root, [...LIBRARIES, 'coreutils', 'findutils'])
  mkdirSync(join(root, 'root'))
  if (existsSync(CERTIFICATES)) cpSync(CERTIFICATES, join(root, CERTIFICATES))
  const prefix = join(root, 'usr/local')
  await runCommand('npm', ['install', '--global', '--prefix', prefix, '--loglevel=error', NPM])
  // The registry of npm may be behind a proxy that only this machine's certificates know.
  const settings = existsSync(CERTIFICATES) ? `ENV NODE_EXTRA_CA_CERTS=${CERTIFICATES}\n` : ''
  await buildImage({ folder: contextOf(folder, settings), tag })
}

/** A folder with a root, and a Dockerfile that makes an image of it. */
function contextOf(folder: string, settings = ''): string {
  writeFileSync(
    join(folder, 'Dockerfile'),
    `FROM scratch\nCOPY root/ /\nENV PATH=/usr/local/bin:/usr/bin\n${settings}`,
  )
  return folder
}

const nodeProgram = (): string =>
  join(dirname(createRequire(import.meta.url).resolve('node/package.json')), 'bin/node')
