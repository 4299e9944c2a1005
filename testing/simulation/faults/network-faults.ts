/** Faults between a pod and the log: cut, lost, late and repeated requests and answers. */
import type { Request } from '#engine/log/simulated/network.ts'
import { ARMED_MS, between, type FaultKind, pickPod } from '../fault-kind.ts'
import type { Fleet } from '../fleet.ts'
import type { PodProcess } from '../pod-process.ts'
import { REQUEST_TIMEOUT_MS } from '../scenario.ts'

/** An armed start has arrived within this time. */
const LATE_MS = 10_000

/** How long a member that the group does not hear may start calls after its last commit: two thirds of its session. */
const LEASE_MS = 2_000

export const NETWORK_FAULTS: readonly FaultKind[] = [
  cutOff('network partition, requests hang', 'hangs'),
  cutOff('network partition, requests fail', 'fails'),
  armed('lost write', 'lost response before the commit: COMMIT_ABORTED, nothing took place', 'write', fault =>
    fault.loseRequest('write'),
  ),
  armed('lost answer of a write', 'COMMIT_ABORTED, with the transaction left open', 'write', fault =>
    fault.loseAnswer('write'),
  ),
  armed('late write', 'a write of the old epoch arrives after the abort', 'write', fault =>
    fault.delay('write', 500, 4_000),
  ),
  armed(
    'lost commit',
    'lost commit request: unknown outcome, did not take place; f',
    'endTransaction',
    fault => fault.loseRequest('endTransaction'),
  ),
  armed(
    'lost answer of a commit',
    'a commit of unknown outcome took place, and the coordinator may have moved',
    'endTransaction',
    fault => fault.loseAnswer('endTransaction'),
  ),
  armed('late commit', 'a delayed EndTxn must not end a later transaction', 'endTransaction', fault =>
    fault.delay('endTransaction', 200, 4_000),
  ),
  armed('repeated commit', 'EndTxn arrives twice', 'endTransaction', fault => fault.repeat('endTransaction')),
  notTorn(
    armed('late start of a producer', 'a late InitProducerId only fences', 'startProducer', fault => {
      fault.refuse('endTransaction')
      return fault.delay('startProducer', 500, 4_000)
    }),
  ),
  notTorn(
    armed('repeated start of a producer', 'a repeated InitProducerId only fences', 'startProducer', fault => {
      fault.refuse('endTransaction')
      return fault.repeat('startProducer')
    }),
  ),
  armed('lost claim', 'a claim never arrived', 'claim', fault => fault.loseRequest('claim')),
  armed('lost answer of a claim', 'step 4: the nonce is remembered before it is sent; g', 'claim', fault =>
    fault.loseAnswer('claim'),
  ),
  armed('late claim', 'a claim of this generation arrives in the next', 'claim', fault =>
    fault.delay('claim', 200, 4_000),
  ),
  armed('claims cannot be read', 'LOG_UNAVAILABLE while the pod claims', 'readClaims', fault =>
    fault.refuse('readClaims', 3),
  ),
  armed(
    'lost heartbeats',
    'the member is out and its producer works: only the fence stops it',
    'heartbeat',
    fault => fault.loseRequest('heartbeat', 8),
  ),
  armed('lost answer of a join', 'a member in the group that does not know its generation', 'join', fault =>
    fault.loseAnswer('join'),
  ),
  armed('lost answer of a sync', 'a generation begins without its tasks', 'sync', fault =>
    fault.loseAnswer('sync'),
  ),
  armed('fetches fail', 'LOG_UNAVAILABLE while the pod reads', 'fetch', fault => fault.refuse('fetch', 20)),
  armed('slow fetches', 'slow and reordered fetches', 'fetch', fault => fault.delay('fetch', 50, 900, 10)),
  {
    name: 'short fetches',
    source: 'fetches return fewer records than there are',
    apply(fleet, random) {
      const durationMs = between(random, 500, 5_000)
      fleet.broker.faults.setPlan({ shortFetch: 0.5 })
      fleet.later(durationMs, () => fleet.broker.faults.setPlan(undefined))
      return `for ${durationMs} ms`
    },
  },
  {
    name: 'unreliable network',
    source: 'injected at any await',
    apply(fleet, random) {
      const durationMs = between(random, 200, 2_000)
      const plan = { requestLost: 0.03, answerLost: 0.03, refused: 0.03, delayed: 0.1, delayMsMax: 600 }
      fleet.broker.faults.setPlan(plan)
      fleet.disturb(undefined, durationMs)
      fleet.later(durationMs, () => fleet.broker.faults.setPlan(undefined))
      return `for ${durationMs} ms`
    },
  },
]

/**
 * A late start makes the coordinator forget how the transaction before it ended. If that transaction was torn, only an operator can
 * say how it ended. So the two faults do not meet here.
 */
function notTorn(kind: FaultKind): FaultKind {
  return {
    ...kind,
    apply: (fleet, random) => (fleet.begins('late starts', LATE_MS) ? kind.apply(fleet, random) : undefined),
  }
}

function cutOff(name: string, how: 'hangs' | 'fails'): FaultKind {
  return {
    name,
    source: 'a network partition: the pod learns late that its tasks are gone',
    apply(fleet, random) {
      const pod = pickPod(fleet, random)
      if (!pod) return undefined
      const durationMs = between(random, 100, 8_000)
      const { faults } = fleet.broker
      fleet.disturb(pod, durationMs)
      faults.partition(pod.name, how)
      fleet.later(durationMs, () => faults.heal(pod.name))
      return `${pod.id} for ${durationMs} ms`
    },
  }
}

/** Arms requests of one pod; each call says what it did. */
interface Arming {
  loseRequest(request: Request, times?: number): string
  loseAnswer(request: Request, times?: number): string
  refuse(request: Request, times?: number): string
  delay(request: Request, minMs: number, maxMs: number, times?: number): string
  repeat(request: Request): string
}

function armed(name: string, source: string, request: Request, arm: (arming: Arming) => string): FaultKind {
  return {
    name,
    source,
    apply(fleet, random) {
      const pod = pickPod(fleet, random)
      if (!pod) return undefined
      const isUnheard = request === 'heartbeat' || request === 'join' || request === 'sync'
      fleet.disturb(pod, ARMED_MS + REQUEST_TIMEOUT_MS + (isUnheard ? LEASE_MS : 0))
      fleet.later(ARMED_MS, () => fleet.broker.faults.clear(pod.name))
      if (request === 'claim' || request === 'readClaims') reclaim(fleet, pod)
      return `${pod.id}: ${arm(armingOf(fleet, pod, (min, max) => between(random, min, max)))}`
    },
  }
}

function armingOf(fleet: Fleet, { name }: PodProcess, draw: (min: number, max: number) => number): Arming {
  const { faults } = fleet.broker
  return {
    loseRequest: (request, times = 1) => {
      faults.loseRequest(name, request, times)
      return `next ${times} ${request}`
    },
    loseAnswer: (request, times = 1) => {
      faults.loseAnswer(name, request, times)
      return `next ${times} ${request}`
    },
    refuse: (request, times = 1) => {
      faults.refuse(name, request, times)
      return `next ${times} ${request}`
    },
    delay: (request, minMs, maxMs, times = 1) => {
      const delayMs = draw(minMs, maxMs)
      faults.delayRequest(name, request, delayMs, times)
      return `next ${times} ${request} by ${delayMs} ms`
    },
    repeat: request => {
      const afterMs = draw(1, 2_000)
      faults.repeatRequest(name, request, afterMs)
      return `next ${request} again after ${afterMs} ms`
    },
  }
}

/** Claims are rare. One more pod makes all pods read claims, and some pods write them. */
function reclaim(fleet: Fleet, pod: PodProcess): void {
  const { live } = fleet
  const leaving = live.find(each => each !== pod)
  if (live.length > fleet.scenario.shape.pods && leaving) leaving.stop()
  else fleet.start()
}
