/** The index over its topic on a real log: what is found, what is refused, and what is never in it. */
import { expect, test } from 'vitest'
import { CaudalError } from '#core/errors.ts'
import { NO_HEADERS } from '#core/record.ts'
import { partitionOf } from '#engine/log/partitioning.ts'
import type { Embedder } from '#models/embedder.ts'
import { hashingEmbedder } from '#models/hashing-embedder.ts'
import { organizationOf } from '#stores/organization.ts'
import { SEMANTIC_TOPIC, type TopicIndex } from '#stores/semantic/index.ts'
import { Switch, unsteadyCache } from '../../gateway/unsteady-stores.ts'
import { entryOf, known, openCache, openTopic, search, vectorsIn } from './open-index.ts'
import { REWORDINGS } from './pairs/rewordings.ts'

const SKY = 'Why is the sky blue?'
const ask = (index: TopicIndex, text: string, organization = 'acme', taskType = 'qa', promptVersion = '1') =>
  index.nearest(organizationOf(organization), taskType, promptVersion, text, search())

test('a reworded question gets the answer, with its similarity', async () => {
  await using topic = await openTopic()
  await topic.append(await entryOf(known(SKY)))
  const index = await topic.open()
  const found = await ask(index, 'Can you tell me why the sky is blue, please?')
  expect(found).toMatchObject({ kind: 'hit', answer: { id: `run of ${SKY}`, answer: `answer to ${SKY}` } })
  expect(found?.similarity).toBeGreaterThanOrEqual(0.85)
  expect(index.statistics()).toMatchObject({ searches: 1, hits: 1, savedUsd: 0.25, entries: 1 })
})

test('a near question that the guard refuses names the rule, and is counted under that rule', async () => {
  await using topic = await openTopic()
  await topic.append(await entryOf(known('How do I turn on dark mode?')))
  const index = await topic.open()
  expect(await ask(index, 'How do I turn off dark mode?')).toMatchObject({ kind: 'refused', rule: 'antonym' })
  expect(index.statistics()).toMatchObject({ hits: 0, refused: { antonym: 1 }, meanSimilarity: undefined })
})

test('a question far from all others finds nothing', async () => {
  await using topic = await openTopic()
  await topic.append(await entryOf(known(SKY)))
  expect(await ask(await topic.open(), 'How do I cook rice?')).toBeUndefined()
})

test('a search does not leave its organisation, its task type or its prompt version', async () => {
  await using topic = await openTopic()
  await topic.append(await entryOf(known(SKY)))
  const index = await topic.open({ taskTypes: new Set(['qa', 'summary']) })
  expect(await ask(index, SKY, 'other')).toBeUndefined()
  expect(await ask(index, SKY, 'acme', 'summary')).toBeUndefined()
  expect(await ask(index, SKY, 'acme', 'qa', '2')).toBeUndefined()
  expect(await ask(index, SKY, '["acme","qa"', 'qa')).toBeUndefined()
  expect(await ask(index, SKY)).toMatchObject({ kind: 'hit' })
})

test('the index of a task type is off until the task type is configured', async () => {
  await using topic = await openTopic()
  await topic.append(await entryOf(known(SKY)))
  expect(await ask(await topic.open({ taskTypes: new Set() }), SKY)).toBeUndefined()
})

test('a newer answer to a question replaces the older one, also under another prompt version', async () => {
  await using topic = await openTopic()
  const newer = { answer: 'newer', deliveredAt: 1_500 }
  await topic.append(await entryOf(known(SKY)), await entryOf(known(SKY, newer)))
  const index = await topic.open()
  expect(await ask(index, SKY)).toMatchObject({ answer: { answer: 'newer' } })
  await topic.append(await entryOf(known(SKY, { ...newer, promptVersion: '2' })))
  const later = await topic.open()
  expect(await ask(later, SKY)).toBeUndefined()
  expect(await ask(later, SKY, 'acme', 'qa', '2')).toMatchObject({ kind: 'hit' })
  expect(later.statistics().entries).toBe(1)
})

test('an entry is served until its time ends, and then the next best entry is found', async () => {
  await using topic = await openTopic()
  const old = known('How do I fix my bike?', { deliveredAt: 0 })
  const young = known('How do I repair my bicycle?', { deliveredAt: 1_900 })
  await topic.append(await entryOf(old), await entryOf(young))
  const index = await topic.open({ ttlMs: 1_000, similarityMin: 0.5 })
  expect(await ask(index, old.question)).toMatchObject({ answer: { id: young.id } })
  expect(index.statistics().entries).toBe(1)
})

test('the oldest entry goes when there are too many', async () => {
  await using topic = await openTopic()
  const cities = ['Madrid', 'Lima', 'Quito']
  for (const city of cities) await topic.append(await entryOf(known(`What is the population of ${city}?`)))
  const index = await topic.open({ entriesMax: 2 })
  expect(index.statistics().entries).toBe(2)
  expect(await ask(index, 'What is the population of Quito?')).toMatchObject({ kind: 'hit' })
  expect(await ask(index, 'What is the population of Madrid?')).not.toMatchObject({ kind: 'hit' })
})

test('a tombstone removes its entry', async () => {
  await using topic = await openTopic()
  const record = await entryOf(known(SKY))
  await topic.append(record, { ...record, value: null })
  expect(await ask(await topic.open(), SKY)).toBeUndefined()
})

test('the index counts and leaves out unusable entries: no JSON, another embedder, dimension, NaN, below its threshold', async () => {
  await using topic = await openTopic()
  const answer = known(SKY)
  const notANumber = await hashingEmbedder.embed(SKY, search())
  notANumber[3] = Number.NaN
  const text = (key: string, value: string) => ({
    ...{ key: Buffer.from(key), value: Buffer.from(value), headers: NO_HEADERS, timestamp: 0 },
  })
  await topic.append(
    text('a', 'no json'),
    text('b', '[]'),
    text('c', '{"embedder": "hashing-512-v1", "vector": "AAAA", "answer": {}}'),
    text('__proto__', '{"__proto__": {}}'),
    await entryOf(answer, { embedder: 'another' }),
    await entryOf(answer, { vector: new Float32Array(3).fill(1) }),
    await entryOf(answer, { vector: notANumber }),
    await entryOf(known(SKY, { belowThreshold: true })),
    { ...text('d', '{}'), key: null },
  )
  const index = await topic.open()
  expect(index.statistics()).toMatchObject({ unusable: 9, entries: 0 })
  expect(await ask(index, SKY)).toBeUndefined()
})

test('an embedder that fails costs the look-up, and not the question', async () => {
  await using topic = await openTopic()
  await topic.append(await entryOf(known(SKY)))
  const reason = 'component 3 is NaN, which is no number'
  const fails = async () => {
    throw new CaudalError('EMBEDDING_INVALID', { embedder: 'hashing', reason })
  }
  const index = await topic.open({ embedder: { ...hashingEmbedder, embed: fails } })
  expect(await ask(index, SKY)).toBeUndefined()
  expect(index.statistics().failed).toBe(1)
  expect(topic.warnings.join()).toContain(reason)
})

test('a task type that was switched off stays off over restarts with its reason, until a tombstone', async () => {
  await using topic = await openTopic()
  await topic.append(await entryOf(known(SKY)))
  const index = await topic.open()
  await index.switchOff('qa', '1 of 50 audited hits were false')
  expect(await ask(index, SKY)).toBeUndefined()
  const restarted = await topic.open()
  expect(restarted.offReason('qa')).toBe('1 of 50 audited hits were false')
  expect(await ask(restarted, SKY)).toBeUndefined()
  await topic.append({ key: Buffer.from('off:qa'), value: null, headers: NO_HEADERS, timestamp: 0 })
  expect(await ask(await topic.open(), SKY)).toMatchObject({ kind: 'hit' })
})

test('the open index finds an entry that is written meanwhile', async () => {
  await using topic = await openTopic()
  const index = await topic.open()
  await topic.append(await entryOf(known(SKY)))
  await expect.poll(() => index.statistics().entries).toBe(1)
  expect(await ask(index, SKY)).toMatchObject({ kind: 'hit' })
})

test('the hashing embedder reports how many reworded questions it finds among all others', async () => {
  await using topic = await openTopic()
  const questions = [...new Set(REWORDINGS.map(({ known: question }) => question))]
  for (const question of questions) await topic.append(await entryOf(known(question)))
  const index = await topic.open()
  const found = await Promise.all(REWORDINGS.map(({ asked }) => ask(index, asked)))
  const served = found.filter((each, at) => {
    if (each?.kind !== 'hit') return false
    expect(each.answer.question).toBe(REWORDINGS[at]?.known)
    return true
  }).length
  process.stdout.write(`semantic index, hashing embedder: rewordings served ${served}/${REWORDINGS.length}\n`)
  expect(served).toBeGreaterThanOrEqual(170)
})

test('a task type is switched off until the tombstone of its key, in a topic of many partitions too', async () => {
  await using topic = await openTopic(7)
  const index = await topic.open()
  await index.switchOff('qa', 'a false hit')
  const key = Buffer.from('off:qa')
  const partition = partitionOf(key, 7)
  expect(partition).not.toBe(0)
  const [bounds] = await topic.log.bounds([{ topic: SEMANTIC_TOPIC, partition }])
  expect(bounds?.end).toBeGreaterThan(0)
  expect((await topic.open()).offReason('qa')).toBe('a false hit')
  const tombstone = { key, value: null, headers: NO_HEADERS, timestamp: 1 }
  await topic.log.append([{ topic: SEMANTIC_TOPIC, partition, records: [tombstone] }])
  expect((await topic.open()).offReason('qa')).toBeUndefined()
})

test('a question that is asked again, or at the same time, is embedded once in each organisation', async () => {
  await using topic = await openTopic()
  const theirs = known(SKY, { organization: 'other', questionHash: 'theirs' })
  await topic.append(await entryOf(known(SKY)), await entryOf(theirs))
  await using held = openCache()
  const { cache } = held
  const embedded: string[] = []
  const embedder: Embedder = {
    ...hashingEmbedder,
    embed: (text, call) => {
      embedded.push(text)
      return hashingEmbedder.embed(text, call)
    },
  }
  const open = () => topic.open({ embedder, vectors: vectorsIn(cache, embedder) })
  const [one, two] = [await open(), await open()]
  const found = await Promise.all([ask(one, SKY), ask(one, SKY), ask(two, SKY)])
  expect(topic.warnings).toEqual([])
  expect(found.map(each => each?.kind)).toEqual(['hit', 'hit', 'hit'])
  expect(await ask(two, `Please tell me: ${SKY}`)).toMatchObject({ kind: 'hit' })
  expect(embedded).toHaveLength(1)
  expect(await ask(one, SKY, 'other')).toMatchObject({ kind: 'hit' })
  expect(embedded).toHaveLength(2)
})

test('a cache that is away, and one with something else in it, cost an embedding and no hit', async () => {
  await using topic = await openTopic()
  await topic.append(await entryOf(known(SKY)))
  const lever = new Switch()
  await using held = openCache()
  const cache = unsteadyCache(held.cache, lever)
  const index = await topic.open({ vectors: vectorsIn(cache, hashingEmbedder) })
  lever.off()
  expect(await ask(index, SKY)).toMatchObject({ kind: 'hit' })
  lever.on()
  const spoiltCache = { ...cache, get: async () => 'no vector' }
  const spoilt = await topic.open({ vectors: vectorsIn(spoiltCache, hashingEmbedder) })
  expect(await ask(spoilt, SKY)).toMatchObject({ kind: 'hit' })
  expect(topic.warnings).toEqual([])
})
