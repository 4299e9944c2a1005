/** Faults of processes: killed, stopped and continued, started, ended in good order. */
import { durableMemoryStores } from '#engine/state/memory-store.ts'
import { between, type FaultKind, pickPod } from '../fault-kind.ts'
import type { Fleet } from '../fleet.ts'
import type { PodProcess } from '../pod-process.ts'

export const PROCESS_FAULTS: readonly FaultKind[] = [
  {
    name: 'crash, same name again',
    source: 'kill -9, then a restart under the same name while the old member still counts',
    weight: 2,
    apply(fleet, random) {
      const pod = pickPod(fleet, random)
      if (!pod) return undefined
      const downMs = between(random, 0, 4_000)
      fleet.kill(pod)
      fleet.later(downMs, () => {
        if (fleet.isNameFree(pod.name)) fleet.start(pod.name)
      })
      return `${pod.id} is down for ${downMs} ms`
    },
  },
  {
    name: 'crash, new name',
    source: 'kill -9; a fresh pod has no local copy',
    weight: 2,
    apply(fleet, random) {
      const pod = pickPod(fleet, random)
      if (!pod) return undefined
      const downMs = between(random, 0, 4_000)
      fleet.kill(pod)
      fleet.later(downMs, () => fleet.start())
      return `${pod.id}, replaced after ${downMs} ms`
    },
  },
  pause('short pause', 'SIGSTOP within the session, like a blocked event loop', 50, 1_900, 2),
  pause('long pause', 'SIGSTOP beyond the session: a zombie', 3_200, 9_000, 2),
  comesBack(
    'zombie gets its tasks back',
    'a zombie gets its tasks back: only the nonce of the claim shows the time between; asleep, then alone',
    (_, pod) => {
      pod.pause()
      return () => pod.resume()
    },
  ),
  comesBack(
    'cut off, gets its tasks back',
    'a cut-off pod gets its tasks back: only the nonce of the claim shows the time between; awake, then alone',
    (fleet, pod) => {
      fleet.broker.faults.partition(pod.name, 'hangs')
      return () => fleet.broker.faults.heal(pod.name)
    },
  ),
  {
    name: 'a second pod of one name',
    source: 'two live pods with one name fence each other, until the later one yields',
    apply(fleet, random) {
      const pod = pickPod(fleet, random)
      if (!pod) return undefined
      fleet.excused.add('NAME_TAKEN')
      const bothMs = between(random, 500, 8_000)
      const namesake = fleet.start(pod.name, durableMemoryStores())
      for (const each of [pod, namesake]) fleet.disturb(each, bothMs)
      fleet.later(bothMs, () => {
        if (namesake.status !== 'gone') fleet.kill(namesake)
      })
      return `${namesake.id} beside ${pod.id} for ${bothMs} ms`
    },
  },
  clockSteps(
    'clock set back',
    'its leases and pauses ran on the wall clock: replaced ten minutes later',
    -3_600_000,
  ),
  clockSteps(
    'clock set forward',
    'a step forward must end no session and fire no timer of the engine',
    3_600_000,
  ),
  {
    name: 'pod added',
    source: 'a rebalance at any point: a pod joins',
    apply(fleet) {
      if (fleet.live.length > fleet.scenario.shape.pods + 1) return undefined
      return fleet.start().id
    },
  },
  {
    name: 'pod stopped',
    source: 'a rebalance at any point: a hand-over',
    apply(fleet, random) {
      const pod = pickPod(fleet, random)
      if (!pod || fleet.live.length < 2) return undefined
      pod.stop()
      fleet.later(between(random, 2_000, 6_000), () => refill(fleet))
      return pod.id
    },
  },
  {
    name: 'rolling restart',
    source: 'a graceful stop',
    apply(fleet, random) {
      const pod = pickPod(fleet, random)
      if (!pod) return undefined
      pod.stop()
      againWhenGone(fleet, pod.name)
      return pod.id
    },
  },
]

/** A pod's wall clock is wrong for a while, then set right. */
function clockSteps(name: string, source: string, byMs: number): FaultKind {
  return {
    name,
    source,
    apply(fleet, random) {
      const pod = pickPod(fleet, random)
      if (!pod) return undefined
      if (fleet.scenario.clocksAgree) return undefined
      const wrongMs = between(random, 500, 6_000)
      // A clock set forward looks like a sleep, also when it is set right again.
      fleet.disturb(pod, wrongMs + WAKING_MS)
      pod.stepClock(byMs)
      fleet.later(wrongMs, () => pod.stepClock(-byMs))
      return `${pod.id} for ${wrongMs} ms`
    },
  }
}

/** A process that wakes learns by its first round trips what has happened to its tasks meanwhile. */
const WAKING_MS = 100

function pause(name: string, source: string, minMs: number, maxMs: number, weight: number): FaultKind {
  return {
    name,
    source,
    weight,
    apply(fleet, random) {
      const pod = pickPod(fleet, random)
      if (!pod) return undefined
      const asleepMs = between(random, minMs, maxMs)
      fleet.disturb(pod, asleepMs + WAKING_MS)
      pod.pause()
      fleet.later(asleepMs, () => pod.resume())
      return `${pod.id} for ${asleepMs} ms`
    },
  }
}

/** A pod is out for longer than its session. When the pod is back, the others leave, so that it owns their tasks again. */
function comesBack(
  name: string,
  source: string,
  takeOut: (fleet: Fleet, pod: PodProcess) => () => void,
): FaultKind {
  return {
    name,
    source,
    apply(fleet, random) {
      const pod = pickPod(fleet, random)
      const others = fleet.live.filter(each => each !== pod)
      if (!pod || others.length === 0) return undefined
      const outMs = between(random, 4_000, 8_000)
      fleet.disturb(pod, outMs)
      const bringBack = takeOut(fleet, pod)
      fleet.later(outMs, () => {
        bringBack()
        for (const other of others) other.stop()
      })
      fleet.later(outMs + 4_000, () => refill(fleet))
      return `${pod.id} for ${outMs} ms, then the others leave`
    },
  }
}

/** Brings the fleet to its size, as a replica set does. */
function refill(fleet: Fleet): void {
  while (fleet.live.length < fleet.scenario.shape.pods) fleet.start()
}

function againWhenGone(fleet: Fleet, name: string): void {
  fleet.later(200, () => {
    if (fleet.isNameFree(name)) fleet.start(name)
    else againWhenGone(fleet, name)
  })
}
