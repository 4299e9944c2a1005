/** The protocol of ownership, a line a transition: what a pod learns of a task, and the phase that its holding is in afterwards. */
import { expect, it } from 'vitest'
import type { Claim } from '#engine/commit/claims.ts'
import { HOLDING_MOVES, type HoldingPhase } from '#engine/ownership/holding-phase.ts'
import { OwnershipRig, US } from './ownership-rig.ts'

/** A pod of another name that lives, one that is dead, and an earlier incarnation of our own pod. */
const LIVING: Claim = { incarnation: 'c:1:z', producer: 'app-c', nonce: 'c#1' }
const DEAD: Claim = { incarnation: 'a:1:x', producer: 'app-a', nonce: 'a#1' }
const PREDECESSOR: Claim = { incarnation: 'b:1:old', producer: 'app-b', nonce: 'old#1' }

type Transition = readonly [from: HoldingPhase, what: string, to: HoldingPhase]

const TRANSITIONS = new Map<Transition, (rig: OwnershipRig) => Promise<unknown>>([
  [
    ['unread', 'the stored claim is of a pod that lives', 'contested'],
    async rig => {
      const answer = await contested(rig, LIVING)
      await answer()
    },
  ],
  [
    ['unread', 'no claim is stored', 'claimable'],
    async rig => {
      const answer = rig.hold('readClaims')
      rig.hold('claim')
      await rig.joined(1, 't/0')
      await answer()
      rig.hold('readClaims')
    },
  ],
  [
    ['contested', 'the previous owner has released', 'claimable'],
    async rig => {
      await (await contested(rig, LIVING))()
      rig.hold('claim')
      rig.task('t/0').tail.released.add(LIVING.nonce)
      await rig.settle()
    },
  ],
  [
    ['contested', 'the group begins another generation: the claim is read once more', 'unread'],
    async rig => {
      await (await contested(rig, LIVING))()
      rig.hold('readClaims')
      await rig.joined(2, 't/0')
    },
  ],
  [
    ['contested', 'a dead owner is fenced: its claim is read once more', 'unread'],
    async rig => {
      rig.store(0, DEAD)
      const fenced = rig.hold('fence')
      await rig.joined(1, 't/0')
      await rig.settle(2_500)
      rig.hold('readClaims')
      await fenced()
    },
  ],
  [
    ['claimable', 'the group accepts the claim', 'claimed'],
    async rig => {
      const claimed = rig.hold('claim')
      await rig.joined(1, 't/0')
      rig.hold('transact')
      await claimed()
    },
  ],
  [
    ['claimable', 'the group refuses the claim', 'unread'],
    async rig => {
      rig.fail('claim', 'CLAIM_REFUSED')
      rig.ownership.joined(1, ['t/0'])
      await rig.settle(0)
      rig.hold('readClaims')
      await rig.settle()
    },
  ],
  [
    ['claimed', 'the marker of a task that does not run yet is written', 'marked'],
    async rig => {
      const marked = rig.hold('transact')
      await rig.joined(1, 't/0')
      await marked()
    },
  ],
  [
    ['claimed', 'the producer is lost', 'claimable'],
    async rig => {
      rig.hold('transact')
      await rig.joined(1, 't/0')
      rig.hold('startProducer')
      await rig.producerLost('COMMIT_ABORTED')
    },
  ],
  [
    ['marked', 'the state is read up to the marker, and nobody else is seen', 'secure'],
    async rig => {
      await rig.joined(1, 't/0')
      rig.task('t/0').reads()
      await rig.settle()
    },
  ],
  [
    ['marked', 'the state shows a marker of somebody who may still write', 'contested'],
    async rig => {
      rig.live = new Set([US, LIVING.incarnation])
      await rig.joined(1, 't/0')
      rig.task('t/0').sees(LIVING)
      rig.task('t/0').reads()
      await rig.settle()
    },
  ],
  [
    ['marked', 'the marker is of a predecessor of this pod, which our producer has fenced', 'secure'],
    async rig => {
      await rig.joined(1, 't/0')
      rig.task('t/0').sees(PREDECESSOR)
      rig.task('t/0').reads()
      await rig.settle()
    },
  ],
  [
    ['secure', 'the producer is lost', 'claimable'],
    async rig => {
      await rig.running('t/0')
      rig.hold('startProducer')
      await rig.producerLost('OUTCOME_UNKNOWN')
    },
  ],
  [
    ['secure', 'the producer is fenced', 'unread'],
    async rig => {
      await rig.running('t/0')
      rig.hold('startProducer')
      await rig.producerLost('FENCED')
    },
  ],
  [
    ['claimed', 'the marker of a task that runs is written', 'checking'],
    async rig => {
      await rig.running('t/0')
      await rig.producerLost('OUTCOME_UNKNOWN')
    },
  ],
  [
    ['checking', 'nobody else has written since the last commit', 'secure'],
    async rig => {
      const task = await rig.running('t/0')
      await rig.producerLost('OUTCOME_UNKNOWN')
      task.reads()
      await rig.settle()
    },
  ],
  [
    ['checking', 'somebody else has written: the task is dropped', 'ended'],
    async rig => {
      const task = await rig.running('t/0')
      await rig.producerLost('OUTCOME_UNKNOWN')
      task.sees(LIVING)
      task.reads()
      rig.ownership.assign([])
      await rig.settle()
    },
  ],
  [
    ['secure', 'the stored claim is of another pod: the task is dropped', 'ended'],
    async rig => {
      await rig.running('t/0')
      rig.store(0, LIVING)
      await rig.joined(2, 't/0')
    },
  ],
  [
    [
      'unread',
      'the group accepts the claim of a task that is stuck and reads its stored claim again',
      'claimed',
    ],
    async rig => {
      await rig.running('t/0')
      const claimed = rig.hold('claim')
      await rig.producerLost('OUTCOME_UNKNOWN')
      rig.ownership.stuck('t/0', new TypeError('a fault of the task'))
      rig.hold('transact')
      await claimed()
    },
  ],
  [
    ['claimable', 'the state shows the marker of an owner whose claim is not stored', 'contested'],
    async rig => {
      const answer = rig.hold('readClaims')
      await rig.joined(1, 't/0')
      rig.task('t/0').tail.position = -1
      await answer()
      rig.task('t/0').sees(DEAD)
      await rig.settle()
    },
  ],
  [
    ['claimable', 'the group begins another generation before it accepts the claim', 'unread'],
    async rig => {
      rig.hold('claim')
      await rig.joined(1, 't/0')
      await rig.joined(2, 't/0')
    },
  ],
  [
    ['claimed', 'the producer is fenced before the marker is written', 'unread'],
    async rig => {
      rig.hold('transact')
      await rig.joined(1, 't/0')
      rig.hold('startProducer')
      await rig.producerLost('FENCED')
    },
  ],
  [
    ['marked', 'the producer is lost', 'claimable'],
    async rig => {
      await rig.joined(1, 't/0')
      rig.hold('startProducer')
      await rig.producerLost('OUTCOME_UNKNOWN')
    },
  ],
  [
    ['marked', 'the producer is fenced', 'unread'],
    async rig => {
      await rig.joined(1, 't/0')
      rig.hold('startProducer')
      await rig.producerLost('FENCED')
    },
  ],
  [
    ['checking', 'the next producer is lost too', 'claimable'],
    async rig => {
      await rig.running('t/0')
      await rig.producerLost('OUTCOME_UNKNOWN')
      rig.hold('startProducer')
      await rig.producerLost('OUTCOME_UNKNOWN')
    },
  ],
  [
    ['checking', 'the next producer is fenced', 'unread'],
    async rig => {
      await rig.running('t/0')
      await rig.producerLost('OUTCOME_UNKNOWN')
      rig.hold('startProducer')
      await rig.producerLost('FENCED')
    },
  ],
])

it.each([...TRANSITIONS.keys()])('%s: %s -> %s', async (...transition) => {
  const [from, , to] = transition
  const [, play] = [...TRANSITIONS].find(([each]) => each.every((part, at) => part === transition[at])) ?? []
  const rig = new OwnershipRig()
  using phases = rig.phases()
  await play?.(rig)
  expect(HOLDING_MOVES[from]).toContain(to)
  // A task that is dropped is restarted where it is still assigned.
  const last = to === 'ended' ? phases.seen : phases.seen.slice(-1)
  expect(last).toContain(`${from} ${to}`)
})

it('every move between phases that a living pod makes of a task has a line', () => {
  const lines = new Set([...TRANSITIONS.keys()].map(([from, , to]) => `${from} ${to}`))
  const moves = Object.entries(HOLDING_MOVES).flatMap(([from, to]) => to.map(each => `${from} ${each}`))
  expect(moves.filter(move => !move.endsWith(' ended') && !lines.has(move))).toEqual([])
})

/** Joined, with a claim of this pod stored, whose reading waits for the returned function. */
async function contested(rig: OwnershipRig, owner: Claim): Promise<() => Promise<void>> {
  rig.live = new Set([US, owner.incarnation])
  rig.store(0, owner)
  const answer = rig.hold('readClaims')
  await rig.joined(1, 't/0')
  return answer
}
