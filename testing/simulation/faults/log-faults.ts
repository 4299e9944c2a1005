/** Faults of the log itself: its coordinators, its transactions, its storage, its groups. */
import type { TopicPartition } from '#core/record.ts'
import type { Random } from '../../seeded-random.ts'
import { ARMED_MS, between, type FaultKind, pickPod } from '../fault-kind.ts'
import type { Fleet } from '../fleet.ts'

/** A torn transaction is repaired within this time. */
const TORN_MS = 20_000

export const LOG_FAULTS: readonly FaultKind[] = [
  {
    name: 'group coordinator moves',
    source: 'all pods join again at once when the coordinator is back',
    apply(fleet, random) {
      const durationMs = between(random, 50, 3_000)
      fleet.disturb(undefined, durationMs)
      fleet.broker.faults.moveCoordinator(durationMs)
      return `for ${durationMs} ms`
    },
  },
  {
    name: 'group client crashes',
    source: 'a consumer restarts as a new member, and the old one must time out',
    apply(fleet, random) {
      const pod = pickPod(fleet, random)
      if (!pod) return undefined
      fleet.disturb(pod, 3_000)
      fleet.broker.faults.crashGroupClient(pod.name)
      return pod.id
    },
  },
  {
    name: 'claims wiped',
    source: 'claims expired, or a tool has wiped them',
    apply(fleet, random) {
      const topic = pickStage(fleet, random).stateTopic
      fleet.disturb(undefined, 2_000)
      fleet.broker.faults.wipeClaims(topic)
      return topic
    },
  },
  {
    name: 'claims of a deposed coordinator',
    source: 'readers see claims as they were before',
    apply(fleet, random) {
      const durationMs = between(random, 500, 4_000)
      // A misled pod takes a task over a little later, and fences the rightful owner.
      fleet.disturb(undefined, durationMs + 1_000)
      fleet.broker.faults.freezeClaims()
      fleet.later(durationMs, () => fleet.broker.faults.thawClaims())
      return `for ${durationMs} ms`
    },
  },
  {
    name: 'a fence races a commit',
    source: 'a pod that does not claim fences a healthy one',
    weight: 2,
    apply(fleet, random) {
      const pod = pickPod(fleet, random)
      if (!pod) return undefined
      fleet.disturb(pod, 0)
      // The fence only bumps the epoch. The outsider does not need its answer.
      fleet.fence(pod.name).catch(() => undefined)
      return pod.id
    },
  },
  {
    name: 'producer forgotten',
    source: 'Kafka forgets a producer after seven idle days (InvalidPidMapping)',
    apply(fleet, random) {
      const pod = pickPod(fleet, random)
      if (!pod) return undefined
      fleet.disturb(pod, 0)
      fleet.broker.faults.forgetProducer(`${fleet.plan.application}-${pod.name}`)
      return pod.id
    },
  },
  {
    name: 'late markers',
    source: 'a transaction is prepared, and not yet complete',
    apply(fleet, random) {
      const delayMs = between(random, 20, 1_500)
      const durationMs = between(random, 500, 4_000)
      fleet.disturb(undefined, durationMs)
      fleet.broker.faults.delayMarkers(delayMs)
      fleet.later(durationMs, () => fleet.broker.faults.delayMarkers(0))
      return `by ${delayMs} ms for ${durationMs} ms`
    },
  },
  {
    name: 'hanging transaction',
    source: 'a hanging transaction that only an operator ends',
    apply(fleet, random) {
      const place = pickPlace(fleet, random)
      const durationMs = between(random, 500, 9_000)
      fleet.disturb(undefined, durationMs)
      fleet.broker.faults.hangTransaction(place)
      fleet.later(durationMs, () => fleet.broker.faults.abortHanging(place, 'foreign'))
      return `${place.topic}/${place.partition} for ${durationMs} ms`
    },
  },
  {
    name: 'coordinator fails between decision and markers',
    source:
      'Kafka 4.3.1, three brokers: CompleteCommit though five partitions never got a marker; swept across epochs',
    weight: 2,
    apply(fleet, random) {
      const pod = pickPod(fleet, random)
      if (!pod) return undefined
      const absentMs = between(random, 10, 1_500)
      if (!fleet.begins('torn transactions', TORN_MS)) return undefined
      const isHeard = random() < 0.5
      const { faults } = fleet.broker
      const producer = `${fleet.plan.application}-${pod.name}`
      fleet.disturb(undefined, ARMED_MS + absentMs)
      faults.tearNext(producer, () => random() < 0.5, absentMs)
      if (!isHeard) faults.loseAnswer(pod.name, 'endTransaction')
      fleet.later(ARMED_MS, () => {
        faults.tearNothing(producer)
        faults.clear(pod.name)
      })
      return `${pod.id}, completed after ${absentMs} ms, ${isHeard ? 'answered' : 'not answered'}`
    },
  },
  {
    name: 'lost marker',
    source:
      'Kafka 4.3.1, one broker killed after PrepareCommit: no marker in one partition, its stable end did not move',
    apply(fleet, random) {
      const place = pickWritten(fleet, random)
      if (!fleet.begins('torn transactions', TORN_MS)) return undefined
      fleet.disturb(undefined, ARMED_MS)
      fleet.broker.faults.loseMarker(place)
      fleet.later(ARMED_MS, () => fleet.broker.faults.keepMarkers())
      return `${place.topic}/${place.partition}`
    },
  },
  {
    name: 'a write reaches one broker and not another',
    source: 'the leaders of one transaction answer each for itself: COMMIT_ABORTED with a part of it written',
    apply(fleet, random) {
      const pod = pickPod(fleet, random)
      if (!pod) return undefined
      fleet.disturb(pod, ARMED_MS)
      fleet.broker.faults.splitWrite(pod.name)
      fleet.later(ARMED_MS, () => fleet.broker.faults.splitWrite(pod.name, false))
      return pod.id
    },
  },
  {
    name: 'full disk',
    source: 'bad input: a full disk',
    apply(fleet, random) {
      const durationMs = between(random, 200, 3_000)
      fleet.disturb(undefined, durationMs)
      fleet.broker.faults.fillDisk()
      fleet.later(durationMs, () => fleet.broker.faults.freeDisk())
      return `for ${durationMs} ms`
    },
  },
  {
    name: 'compaction',
    source: 'compacted state topics have gaps in their offsets, and lose old tombstones',
    apply(fleet) {
      fleet.broker.clean()
      return 'of all state'
    },
  },
]

/** A partition that pods write to in transactions. */
function pickWritten(fleet: Fleet, random: Random): TopicPartition {
  const { stages, topicSpecs } = fleet.plan
  const states = new Set(stages.map(({ stateTopic }) => stateTopic))
  const outputs = topicSpecs.filter(({ name }) => fleet.plan.topics.get(name)?.kind === 'topic')
  const written = [...topicSpecs.filter(({ name }) => states.has(name)), ...outputs]
  const { name = '', partitions = 1 } = written[Math.floor(random() * written.length)] ?? {}
  return { topic: name, partition: Math.floor(random() * partitions) }
}

function pickStage(fleet: Fleet, random: Random) {
  const { stages } = fleet.plan
  const stage = stages[Math.floor(random() * stages.length)] ?? stages[0]
  return { stateTopic: '', sources: [], partitions: 1, ...stage }
}

/** A state partition, or one that is read as a source. */
function pickPlace(fleet: Fleet, random: Random): TopicPartition {
  const { stateTopic, sources, partitions } = pickStage(fleet, random)
  const source = sources[Math.floor(random() * sources.length)]
  const topic = source && random() < 0.3 ? source.topic : stateTopic
  return { topic, partition: Math.floor(random() * partitions) }
}
