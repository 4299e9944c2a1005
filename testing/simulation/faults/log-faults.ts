/** What befalls the log itself: its coordinators, its transactions, its storage, its groups. */
import type { TopicPartition } from '#engine/core/record.ts'
import type { Random } from '../../seeded-random.ts'
import type { Fleet } from '../fleet.ts'
import { between, type FaultKind, pickPod } from './fault-kind.ts'

export const LOG_FAULTS: readonly FaultKind[] = [
  {
    name: 'group coordinator moves',
    source: 'I21: all join again when it is back; K4',
    apply(fleet, random) {
      const durationMs = between(random, 50, 3_000)
      fleet.disturb(undefined, durationMs)
      fleet.broker.faults.moveCoordinator(durationMs)
      return `for ${durationMs} ms`
    },
  },
  {
    name: 'group client crashes',
    source: 'section 7: the consumer restarts as a new member, the old one must time out',
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
    source: 'H4, I16: expired, or wiped by a tool',
    apply(fleet, random) {
      const topic = pickStage(fleet, random).stateTopic
      fleet.disturb(undefined, 2_000)
      fleet.broker.faults.wipeClaims(topic)
      return topic
    },
  },
  {
    name: 'claims of a deposed coordinator',
    source: 'I16: readers see claims as they were',
    apply(fleet, random) {
      const durationMs = between(random, 500, 4_000)
      // Who was misled takes a task over a little later, and fences an owner that is in the right.
      fleet.disturb(undefined, durationMs + 1_000)
      fleet.broker.faults.freezeClaims()
      fleet.later(durationMs, () => fleet.broker.faults.thawClaims())
      return `for ${durationMs} ms`
    },
  },
  {
    name: 'a fence races a commit',
    source: 'I4, I9, I12; section 6: a fence of a healthy pod by one that does not claim',
    weight: 2,
    apply(fleet, random) {
      const pod = pickPod(fleet, random)
      if (!pod) return undefined
      fleet.disturb(pod, 0)
      // It only ever bumps the epoch; whether it is answered does not matter to the outsider.
      fleet.outsider.fence(`${fleet.plan.application}-${pod.name}`).catch(() => undefined)
      return pod.id
    },
  },
  {
    name: 'producer forgotten',
    source: 'S4: InvalidPidMapping after seven idle days',
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
    source: 'K2, I12: prepared, not yet complete',
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
    source: 'S2, I24, section 6: ended by the operator at last',
    apply(fleet, random) {
      const place = pickPlace(fleet, random)
      const durationMs = between(random, 500, 9_000)
      fleet.disturb(undefined, durationMs)
      fleet.broker.faults.hangTransaction(place)
      fleet.later(durationMs, () => fleet.broker.faults.abortHanging(place))
      return `${place.topic}/${place.partition} for ${durationMs} ms`
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
    source: 'S14: offsets with gaps; state topics are compacted',
    apply(fleet) {
      fleet.broker.clean()
      return 'of all state'
    },
  },
]

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
