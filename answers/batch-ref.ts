/** The batch of a question in a header of its event: it travels with every record of the question. */
import { asBytes } from '#core/codec.ts'
import { isLoose } from './fields.ts'
import type { BatchRef } from './types.ts'

/** Header of an event that belongs to a batch. */
export const BATCH_HEADER = 'question-batch'

/** The value of the header `BATCH_HEADER`. */
export const batchHeader = (batch: BatchRef): Uint8Array => asBytes(JSON.stringify(batch))

/** Nothing for a text that is no batch: a header that somebody else wrote must fail no question. */
export function batchIn(text: string | undefined): BatchRef | undefined {
  if (text === undefined) return undefined
  try {
    const found: unknown = JSON.parse(text)
    return isLoose(found) ? batchOf(found) : undefined
  } catch {
    return undefined
  }
}

type Loose = Readonly<Record<string, unknown>>

function batchOf({ id, organization_id, runs, accepted, rejected, callback }: Loose): BatchRef | undefined {
  if (typeof id !== 'string' || id === '') return undefined
  if (!isCount(runs) || !isCount(accepted) || !isCount(rejected)) return undefined
  return {
    id,
    organization_id: textOf(organization_id),
    runs,
    accepted,
    rejected,
    callback: textOf(callback),
  }
}

const COUNT_MAX = 2 ** 31 - 1

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= COUNT_MAX
const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
