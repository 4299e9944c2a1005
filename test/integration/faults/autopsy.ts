/**
 * Where the records of lost questions are, committed or not. So a failed run shows whether the log lost them, or the pod never
 * wrote them. It also shows an aborted transaction that its pod took for committed.
 */
import kafkajs from 'kafkajs'
import { reasonOf } from '#core/errors.ts'
import type { PodProcess } from '../pods/processes.ts'
import type { Rig, Verdict } from './rig.ts'

const READ_WITHIN_MS = 20_000
const AROUND_MS = 3_000

export async function autopsy(rig: Rig, lost: readonly string[], { calls }: Verdict): Promise<object> {
  const ids = new Set(lost)
  const own = calls.filter(each => ids.has(each.id))
  const times = own.flatMap(each => each.takenInAt ?? [])
  const [from, to] = [Math.min(...times) - AROUND_MS, Math.max(...times) + AROUND_MS]
  const written = await writtenFor(rig, ids).catch(error => [reasonOf(error)])
  const told = rig.lives.flatMap(pod => toldBy(pod, from, to))
  return { lost, calls: own, written, told, paces: rig.lives.map(paceOf) }
}

/** What each tenth second of a pod's life came to: an answer that is late looks like one that is lost. */
function paceOf({ incarnation, startedAt, messages }: PodProcess): string {
  const tenths = Map.groupBy(messages, ({ at }) => Math.floor((at - startedAt) / 10_000))
  const paces = [...tenths].map(([tenth, said]) => {
    const commits = said.flatMap(each => (each.type === 'commit' ? [each.durationMs] : []))
    const failures = said.flatMap(each => (each.type === 'commitFailed' ? [each.error] : []))
    return `${tenth * 10} s: ${commits.length} commits, the longest ${Math.max(0, ...commits)} ms; failed: ${failures.join(', ')}`
  })
  return `${incarnation}: ${paces.join('; ')}`
}

function toldBy({ incarnation, messages }: PodProcess, from: number, to: number): string[] {
  return messages
    .filter(({ at, type }) => at >= from && at <= to && type !== 'answered' && type !== 'commit')
    .map(each => `${incarnation} ${JSON.stringify(each)}`)
}

/** Every record of the run's topics that names one of the ids, in aborted transactions too. */
async function writtenFor({ options, plan }: Rig, ids: ReadonlySet<string>): Promise<readonly string[]> {
  const client = new kafkajs.Kafka({
    brokers: [...options.cluster.addresses],
    logLevel: kafkajs.logLevel.NOTHING,
  })
  const admin = client.admin()
  const consumer = client.consumer({ groupId: `${options.name}-autopsy`, readUncommitted: true })
  const found: string[] = []
  try {
    await admin.connect()
    await consumer.connect()
    const topics = plan.topicSpecs.map(({ name }) => name).filter(name => name.startsWith(options.name))
    const left = new Map<string, number>()
    for (const topic of topics) {
      for (const { partition, high } of await admin.fetchTopicOffsets(topic))
        if (Number(high) > 0) left.set(`${topic}/${partition}`, Number(high))
    }
    await consumer.subscribe({ topics, fromBeginning: true })
    const { promise, resolve } = Promise.withResolvers<void>()
    const timeout = setTimeout(resolve, READ_WITHIN_MS)
    await consumer.run({
      eachBatch: async ({ batch }) => {
        const place = `${batch.topic}/${batch.partition}`
        for (const { offset, value, timestamp, ...rest } of batch.messages) {
          const id = /"id":"(\w+)"/.exec(String(value))?.[1]
          const batchContext = 'batchContext' in rest ? rest.batchContext : undefined
          if (!id || !ids.has(id)) continue
          found.push(`${id} ${place}@${offset} ${timestamp} ${JSON.stringify(batchContext)}`)
        }
        if (Number(batch.lastOffset()) + 2 >= (left.get(place) ?? 0)) left.delete(place)
        if (left.size === 0) resolve()
      },
    })
    await promise
    clearTimeout(timeout)
    if (left.size > 0) found.push(`not read to the end: ${JSON.stringify([...left])}`)
    return found
  } finally {
    await consumer.disconnect()
    await admin.disconnect()
  }
}
