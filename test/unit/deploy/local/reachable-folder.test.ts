/** Where a program that may not run as root keeps its data, with folders above it that are open or closed. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { reachableFolder } from '../../../../deploy/local/reachable-folder.ts'

const STRANGER = { uid: 64_123, gid: 64_123 }

describe('reachableFolder', () => {
  let root = ''
  beforeEach(() => {
    root = mkdtempSync('/var/tmp/caudal-reachable-')
    chmodSync(root, 0o755)
    mkdirSync(join(root, 'clone'), { mode: 0o755 })
  })
  afterEach(() => rmSync(root, { recursive: true }))

  const folder = () => join(root, 'clone', 'data')

  it('is the folder itself where the user can pass its parents', () => {
    expect(reachableFolder(folder(), STRANGER)).toBe(folder())
  })

  it('is the folder itself where no other user is needed', () => {
    chmodSync(root, 0o700)
    expect(reachableFolder(folder(), undefined)).toBe(folder())
  })

  it('is another folder where a parent is closed, the same each time and one for each folder', () => {
    chmodSync(root, 0o700)
    const found = reachableFolder(folder(), STRANGER)
    expect(found).toMatch(/^\/var\/tmp\/caudal-data-[0-9a-f]{12}$/)
    expect(reachableFolder(folder(), STRANGER)).toBe(found)
    expect(reachableFolder(join(root, 'other', 'data'), STRANGER)).not.toBe(found)
  })
})
