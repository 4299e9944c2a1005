/** What must hold of all answers of the driver. */
import { partitionKey } from '#core/record.ts'
import type { Claimant } from './claimant.ts'
import type { CommittedReader } from './committed-reader.ts'
import type { StoredEntry } from './group-coordinator.ts'
import type { PartitionLog } from './partition-log.ts'
import type { Attempt, Fence } from './writer.ts'

/** Outcomes of which nothing may be seen. */
const NOTHING_SEEN: ReadonlySet<string> = new Set([
  'COMMIT_ABORTED',
  'FENCED',
  'LOG_UNAVAILABLE',
  'refused',
  'ACCESS_REFUSED',
  'BROKER_REFUSED',
  'TRANSACTION_UNCHECKED',
])

export interface DriverEvidence {
  readonly attempts: readonly Attempt[]
  readonly fences: readonly Fence[]
  readonly readers: readonly CommittedReader[]
  readonly claimants: readonly Claimant[]
  readonly stored: readonly StoredEntry[]
  readonly partitions: readonly PartitionLog[]
}

export function complaintsAbout(evidence: DriverEvidence): string[] {
  const { readers, claimants } = evidence
  return [
    ...readers.flatMap(each => each.complaints),
    ...claimants.flatMap(each => each.complaints),
    ...seenAsAnswered(evidence),
    ...seenInOrder(readers),
    ...fencedForGood(evidence),
    ...inSequence(evidence),
    ...claimedInTime(evidence),
  ]
}

/** Readers see a committed transaction once and whole, a failed one never, an unknown one whole or not at all. */
function seenAsAnswered({ attempts, readers }: DriverEvidence): string[] {
  const counts = new Map<string, number>()
  for (const value of readers.flatMap(({ values }) => values)) counts.set(value, (counts.get(value) ?? 0) + 1)
  const twice = [...counts].filter(([, count]) => count > 1).map(([value]) => `"${value}" is seen twice`)
  const wrong = attempts.flatMap(attempt => {
    const { id, number, values, outcome, reason } = attempt
    const seen = values.filter(value => counts.has(value)).length
    const isRight =
      outcome === 'committed'
        ? seen === values.length
        : NOTHING_SEEN.has(outcome)
          ? seen === 0
          : outcome === 'OUTCOME_UNKNOWN' && (seen === 0 || seen === values.length)
    const what = `${outcome}${reason && ` (${reason})`}`
    return isRight
      ? []
      : [`${seen} of ${values.length} records of transaction ${number} of ${id} are seen: ${what}`]
  })
  return [...twice, ...wrong]
}

function seenInOrder(readers: readonly CommittedReader[]): string[] {
  return readers.flatMap(({ place, values }) => {
    const last = new Map<string, number>()
    return values.flatMap(value => {
      const [id = '', number = '', index = ''] = value.split(' ')
      const rank = Number(number) * 1_000 + Number(index)
      const before = last.get(id) ?? -1
      last.set(id, rank)
      return rank > before ? [] : [`${partitionKey(place)}: "${value}" is seen after a later record of ${id}`]
    })
  })
}

/** A transaction that was not committed when a fence was over never is. */
function fencedForGood({ attempts, fences, readers }: DriverEvidence): string[] {
  const seen = new Set(readers.flatMap(({ values }) => values))
  return fences.flatMap(({ id, begunAt, committed }) =>
    attempts
      .filter(each => each.id === id && each.producerStartedAt < begunAt)
      .filter(each => each.values.some(value => seen.has(value) && !committed.has(value)))
      .map(each => `transaction ${each.number} of ${id} took place after its producer was fenced`),
  )
}

/** A batch is numbered after what was appended, whatever of it was refused before. */
function inSequence({ partitions }: DriverEvidence): string[] {
  return partitions
    .filter(({ outOfSequence }) => outOfSequence > 0)
    .map(
      ({ place, outOfSequence }) => `${partitionKey(place)}: ${outOfSequence} batches came out of sequence`,
    )
}

/** A claim is stored in the generation that it names, or not at all. */
function claimedInTime({ claimants, stored }: DriverEvidence): string[] {
  const late = stored
    .filter(({ metadata, generation }) => metadata?.split(' ').at(-1) !== String(generation))
    .map(({ metadata, generation }) => `claim "${metadata}" was stored in generation ${generation}`)
  const known = new Set(stored.map(({ metadata }) => metadata))
  const wrong = claimants
    .flatMap(({ claims }) => claims)
    .filter(({ metadata, outcome }) =>
      known.has(metadata) ? outcome === 'CLAIM_REFUSED' : outcome === 'stored',
    )
    .map(({ metadata, outcome }) => `claim "${metadata}" is reported as ${outcome}, which it is not`)
  return [...late, ...wrong]
}
