/** Which commits are begun at all: those that the disk, or the free part of the file, has room for. */
import { statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { expect, it } from 'vitest'
import { hasRoomFor } from '#engine/disk/lmdb-commits.ts'

const { bavail, bsize } = statfsSync(tmpdir())
const NONE = () => 0

it('a commit that the disk has room for is begun', () => {
  expect(hasRoomFor(tmpdir(), 10, 10_000, NONE)).toBe(true)
})

it('a commit that is larger than what the disk has left is not begun', () => {
  expect(hasRoomFor(tmpdir(), 1, bavail * bsize, NONE)).toBe(false)
})

it('a commit of many small entries counts the pages that they touch', () => {
  expect(hasRoomFor(tmpdir(), (bavail * bsize) / 4_096, 1, NONE)).toBe(false)
})

it('a commit that fits into what is free within the file is begun, however full the disk is', () => {
  const bytes = bavail * bsize
  expect(hasRoomFor(tmpdir(), 1, bytes, () => 3 * bytes)).toBe(true)
})
