/** A root folder out of what is installed: its programs run on the libraries that it has. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { copyPackages, copyPrograms, createRoot } from '#deploy/k8s/images/root-folder.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'caudal-root-'))
  createRoot(root)
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

/** By the linker and the libraries of the root, and no others. */
function runInside(program: string, ...words: readonly string[]): string {
  const linker = join(root, 'lib64/ld-linux-x86-64.so.2')
  const libraries = ['--inhibit-cache', '--library-path', join(root, 'lib/x86_64-linux-gnu')]
  return execFileSync(linker, [...libraries, join(root, program), ...words], { encoding: 'utf8', env: {} })
}

describe('the root folder of an image', () => {
  it('runs a program under its name, with a file in place of a link', () => {
    copyPrograms(root, { 'usr/bin/sh': '/bin/sh' })
    expect(runInside('usr/bin/sh', '-c', 'echo here')).toBe('here\n')
  })

  it('runs the programs of a package, and leaves out the pages of that package', () => {
    copyPackages(root, ['coreutils'])
    expect(runInside('usr/bin/basename', '/a/b')).toBe('b\n')
    expect(existsSync(join(root, 'usr/share/doc'))).toBe(false)
  })

  it('lets every user write temporary files', () => {
    expect(statSync(join(root, 'tmp')).mode & 0o7777).toBe(0o1777)
  })
})
