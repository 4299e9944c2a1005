/** What a run has left in the log, as anybody may read it: topics read committed, state as compaction would leave it. */
import { asText, type Codec } from '#core/codec.ts'
import type { LogRecord, TopicPartition } from '#core/record.ts'
import type { Log } from '#engine/log/log.ts'
import { decodeDeadLetter } from '#engine/record/dead-letter.ts'
import { unframe } from '#engine/state/frame.ts'
import { parseEntry } from '#engine/state/layout.ts'
import type { Plan } from '#topology/plan.ts'
import {
  type Answer,
  answer,
  OPERATOR,
  type Question,
  question,
  type Rounds,
  rounds,
  type Total,
  topicOf,
  total,
} from '../pods/graph.ts'

const FETCH_RECORDS_MAX = 5_000

export interface Evidence {
  /** By partition, in order. */
  readonly questions: readonly (readonly Question[])[]
  readonly answers: readonly (readonly Answer[])[]
  /** Why each was given up. */
  readonly deadLetters: readonly string[]
  readonly totals: ReadonlyMap<string, Total>
  readonly rounds: ReadonlyMap<string, Rounds>
  /** Results of steps whose record is not completed. */
  readonly openSteps: number
}

export async function gatherEvidence(log: Log, plan: Plan): Promise<Evidence> {
  const partitionsOf = (name: string) => plan.topicSpecs.find(each => each.name === name)?.partitions ?? 0
  const topic = (name: string) =>
    Promise.all(
      Array.from({ length: partitionsOf(name) }, (_, partition) => readAll(log, { topic: name, partition })),
    )
  const decoded = async <T>(name: string, codec: Codec<T>) =>
    (await topic(name)).map(records => records.map(({ value }) => codec.decode(value ?? new Uint8Array())))
  const { application } = plan
  const deadLetters = (await topic(plan.deadLetterTopic)).flat().map(deadLetterText)
  const states = await Promise.all(plan.stages.map(({ stateTopic }) => topic(stateTopic)))
  return {
    questions: await decoded(topicOf(application, 'questions'), question),
    answers: await decoded(topicOf(application, 'answers'), answer),
    deadLetters,
    ...stateOf(states.flat()),
  }
}

function deadLetterText({ value }: LogRecord): string {
  const { id, code, message } = decodeDeadLetter(value ?? new Uint8Array())
  return `${id}: ${code}, ${message}`
}

/** The last value of each entry. */
function stateOf(partitions: readonly (readonly LogRecord[])[]) {
  const totals = new Map<string, Total>()
  const ofRounds = new Map<string, Rounds>()
  let openSteps = 0
  for (const records of partitions) {
    const latest = new Map(records.map(({ key, value }) => [key ? asText(key) : '', value]))
    for (const [text, value] of latest) {
      const entry = parseEntry(text)
      if (!value || !entry) continue
      if (entry.kind === 'step') openSteps++
      if (entry.kind !== 'value' || entry.operator !== OPERATOR) continue
      const payload = unframe(value, text)
      if (entry.state === 'total') totals.set(entry.key, total.decode(payload))
      else ofRounds.set(entry.key, rounds.decode(payload))
    }
  }
  return { totals, rounds: ofRounds, openSteps }
}

async function readAll(log: Log, place: TopicPartition): Promise<readonly LogRecord[]> {
  const [bounds] = await log.bounds([place])
  const end = bounds?.end ?? 0
  const found: LogRecord[] = []
  const reader = log.openReader(place, bounds?.start ?? 0)
  try {
    for (let next = bounds?.start ?? 0; next < end; ) {
      const { records, nextOffset } = await reader.next(FETCH_RECORDS_MAX)
      found.push(...records)
      next = nextOffset
    }
  } finally {
    reader.close()
  }
  return found
}
