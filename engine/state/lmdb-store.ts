/** Stores on the local disk: one LMDB environment per task, so that state may exceed memory and goes when its task goes. */

import {
  closeSync,
  existsSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { open } from 'lmdb'
import { type Duration, inMs } from '#core/duration.ts'
import { CaudalError, reasonOf } from '#core/errors.ts'
import { warnings } from '#core/loggers.ts'
import { taskKey } from '#core/record.ts'
import { realSystem, type System } from '#core/system.ts'
import { makeFolder } from '#engine/disk/folder.ts'
import { statisticsOf } from '#engine/disk/lmdb-commits.ts'
import { spareFilesFault } from '#engine/disk/spare-files.ts'
import { FORMAT, failed, isFull, LmdbFile, type Meta, type Place, type Root, SUSPECT } from './lmdb-file.ts'
import type { CopyOf, StoreFactory } from './store.ts'
import { Turns } from './turns.ts'
import { WriteBehindStore } from './write-behind-store.ts'

/** Options of `lmdbStores`. Only `path` is required. */
export interface LmdbStoreOptions {
  /** Directory of all copies; each task has its own below it. */
  readonly path: string
  /** Left out: the machine's own time and randomness. */
  readonly system?: System
  /** A copy that was out of touch for longer is dropped and restored: tombstones that it has not seen may be gone. */
  readonly outOfTouchMax?: Duration
  /** Memory for what is not yet written, shared equally by the stores that are open. */
  readonly gatheredBytesMax?: number
  /** How long a write waits in memory for others to go to disk with it. */
  readonly flushDelay?: Duration
  /** Left out: warnings on the standard error output. */
  readonly diagnose?: (diagnosis: StoreDiagnosis) => void
}

/** Something that happened to a local copy; the state itself is safe in its topic. */
export interface StoreDiagnosis {
  /** `discarded`: the copy is restored from the topic. `flushFailed`: what it held is kept in memory for the next one. */
  readonly event: 'discarded' | 'flushFailed'
  /** Name of the task. */
  readonly task: string
  /** The file or folder of the local copy. */
  readonly path: string
  /** What is wrong with the local copy. */
  readonly reason: string
}

/** Half of the seven days for which state topics keep tombstones. */
export const OUT_OF_TOUCH_MAX_MS = (7 * 24 * 3_600_000) / 2
const TIMES = { outOfTouchMax: OUT_OF_TOUCH_MAX_MS, flushDelay: 2_000 } as const
const GATHERED_BYTES_MAX = 256 * 1024 * 1024

const warn = (diagnosis: StoreDiagnosis) => warnings.warn('a local copy of state was not usable', diagnosis)

/**
 * Local copies of state on disk, in LMDB: a start reads only what the copy lacks. Throws CONFIGURATION_INVALID for a
 * duration that cannot be read.
 */
export function lmdbStores(options: LmdbStoreOptions): StoreFactory {
  const { path, system = realSystem, diagnose = warn, gatheredBytesMax = GATHERED_BYTES_MAX } = options
  const { outOfTouchMaxMs, flushDelayMs } = inMs(options, TIMES)
  const turns = new Turns(system)
  let stores = 0
  return {
    open: async of => {
      const place: Place = {
        of: { application: of.application, task: taskKey(of), topicId: of.topicId },
        directory: join(path, directoryOf(of)),
        outOfTouchMaxMs,
        system,
      }
      const tell = (event: StoreDiagnosis['event'], reason: string) =>
        diagnose({ event, task: place.of.task, path: place.directory, reason })
      const { file, position } = await openCopy(place, reason => tell('discarded', reason))
      stores++
      return new WriteBehindStore(file, position, {
        system,
        turns,
        flushDelayMs,
        gatheredBytesMax: () => gatheredBytesMax / stores,
        onClosed: () => stores--,
        onFlushFailed: error => tell('flushFailed', reasonOf(error)),
      })
    },
  }
}

function directoryOf({ application, stage, partition }: CopyOf): string {
  return join(encodeURIComponent(application), `${encodeURIComponent(stage)}-${partition}`)
}

// --- Opening -----------------------------------------------------------------------------------------------------

const DATA = 'data.mdb'
/** Where LMDB's files have their magic number and the size of their pages. */
const MAGIC_AT = 24
const PAGE_SIZE_AT = 48
const HEAD_BYTES = 64
const MAGIC = 0xbeef_c0de
const ROOM_BYTES = 65_536
const OPTIONS = {
  noSubdir: false,
  maxDbs: 3,
  // With either of them, a commit that fails rejects or leaves open promises inside LMDB that nobody can reach.
  overlappingSync: false,
  eventTurnBatching: false,
}

interface Copy {
  readonly file: LmdbFile
  readonly position: number | undefined
}

/** Opens the copy, or an empty one in its place when it cannot be used. */
async function openCopy(place: Place, onDiscarded: (reason: string) => void): Promise<Copy> {
  const first = await tryOpen(place)
  if (typeof first !== 'string') return first
  onDiscarded(first)
  try {
    rmSync(place.directory, { recursive: true, force: true })
  } catch (error) {
    throw failed(place, error)
  }
  const second = await tryOpen(place)
  if (typeof second !== 'string') return second
  throw failed(place, new TypeError(second))
}

/** The copy, or the reason why it cannot be used. */
async function tryOpen(place: Place): Promise<Copy | string> {
  let root: Root | undefined
  try {
    const fault = faultOfHead(place.directory)
    if (fault !== undefined) return fault
    refuseWithoutFiles(place)
    makeFolder(place.directory)
    mark(place)
    root = open<Uint8Array, string>({ path: place.directory, ...OPTIONS })
    if (isTruncated(root, place.directory)) return closing(root, 'the file is truncated')
    const file = LmdbFile.open(place, root)
    const { meta } = file
    const misfit = meta && misfitOf(meta, place)
    if (misfit !== undefined) return closing(root, misfit)
    const position = meta && meta.position >= 0 ? meta.position : undefined
    // Counts the version up, so that a process that still has the copy open can write no more.
    file.writeNow(new Map(), position)
    rmSync(join(place.directory, SUSPECT))
    return { file, position }
  } catch (error) {
    const reason = root ? await closing(root, reasonOf(error)) : reasonOf(error)
    if (error instanceof CaudalError) throw error
    if (!isFull(place, error)) return reason
    // The copy is as good as before.
    rmSync(join(place.directory, SUSPECT), { force: true })
    throw failed(place, error)
  }
}

/** A copy that cannot be opened without a spare file is as good as before. */
function refuseWithoutFiles(place: Place): void {
  const fault = spareFilesFault()
  if (fault === undefined) return
  const { of, directory } = place
  throw new CaudalError('STORE_FAILED', { task: of.task, path: directory, reason: fault })
}

/**
 * Marks the copy as suspect, in a file that needs as much room as LMDB does to begin. LMDB maps a small file of its own.
 * Where the disk has no room for a page of that file, the system ends the process.
 */
function mark({ directory }: Place): void {
  const suspect = join(directory, SUSPECT)
  writeFileSync(suspect, Buffer.alloc(ROOM_BYTES))
  truncateSync(suspect)
}

async function closing(root: Root, reason: string): Promise<string> {
  await root.close()
  return reason
}

/** What LMDB itself would crash on instead of reporting: a beginning that is foreign or cut. */
function faultOfHead(directory: string): string | undefined {
  if (existsSync(join(directory, SUSPECT))) return 'it could not be read before'
  const data = join(directory, DATA)
  const size = existsSync(data) ? statSync(data).size : 0
  if (size === 0) return undefined
  if (size < HEAD_BYTES) return 'the file is truncated'
  const head = Buffer.alloc(HEAD_BYTES)
  const descriptor = openSync(data, 'r')
  readSync(descriptor, head, 0, HEAD_BYTES, 0)
  closeSync(descriptor)
  if (head.readUInt32LE(MAGIC_AT) !== MAGIC) return 'it is not an LMDB file'
  return size < 2 * head.readUInt32LE(PAGE_SIZE_AT) ? 'the file is truncated' : undefined
}

/** Reading a page that the file does not have would end the process. */
function isTruncated(root: Root, directory: string): boolean {
  const { lastPageNumber = 0, pageSize = 0 } = statisticsOf(root)
  const size = statSync(join(directory, DATA)).size
  return size > 0 && size < (lastPageNumber + 1) * pageSize
}

function misfitOf({ format, at, of }: Meta, place: Place): string | undefined {
  const { system, outOfTouchMaxMs } = place
  if (format !== FORMAT) return `it has format ${format}, this version reads ${FORMAT}`
  if (of === undefined) return 'it does not say what it is a copy of'
  const { application, task, topicId } = place.of
  const isForeign = of.application !== application || of.task !== task
  if (isForeign) return `it is a copy of task ${of.task} of application ${of.application}`
  if (of.topicId !== topicId)
    return `it is a copy of the state topic with id ${of.topicId}, the topic now has id ${topicId}`
  // A clock that went back says as little as one that went on too far.
  if (Math.abs(system.now() - at) <= outOfTouchMaxMs) return undefined
  return `it was last in touch with its topic at ${new Date(at).toISOString()}`
}
