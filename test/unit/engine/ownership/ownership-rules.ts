/** The rules of ownership that a cluster rarely shows, each played by hand. A rule throws where it does not hold. */
import { expect } from 'vitest'
import type { Claim } from '#engine/commit/claims.ts'
import { OwnershipRig, TIMEOUT_MS, US } from './ownership-rig.ts'

/** A pod that was killed, the same pod started again, and one of another name. */
const DEAD: Claim = { incarnation: 'a:1:x', producer: 'app-a', nonce: 'a#1' }
const BACK: Claim = { incarnation: 'a:2:y', producer: 'app-a', nonce: 'a2#1' }
const OTHER: Claim = { incarnation: 'c:1:z', producer: 'app-c', nonce: 'c#1' }
/** An owner that lives is waited for so long: the grace time, and two seconds. */
const GRACE_MS = TIMEOUT_MS + 2_500

export const RULES = {
  'a fence settles what was read before it, not what was written while it ran': async () => {
    const rig = new OwnershipRig()
    rig.store(0, DEAD)
    const answer = rig.hold('fence')
    await rig.joined(1, 't/0')
    await rig.settle(2_500)
    expect(rig.told).toContain('fence app-a')
    rig.task('t/0').sees(BACK)
    await answer()
    rig.task('t/0').reads()
    await rig.settle()
    expect(rig.told).toContain('mark t/0')
    expect(rig.told).not.toContain('run t/0')
  },

  'the stored claims of tasks on their way out are read again before they are claimed once more':
    async () => {
      const rig = new OwnershipRig()
      const task = await rig.running('t/0')
      await rig.joined(2)
      expect(task.phase).toBe('leaving')
      rig.store(0, OTHER)
      await rig.producerLost('OUTCOME_UNKNOWN')
      expect(rig.storedNonce(0)).toBe(OTHER.nonce)
      expect(task.phase).toBe('closedDirty')
    },

  'a task on its way out whose claim is still ours is claimed and marked once more': async () => {
    const rig = new OwnershipRig()
    const task = await rig.running('t/0')
    await rig.joined(2)
    const before = rig.storedNonce(0)
    await rig.producerLost('COMMIT_ABORTED')
    expect(task.phase).toBe('leaving')
    expect(rig.storedNonce(0)).not.toBe(before)
    expect(rig.told.filter(what => what === 'mark t/0')).toHaveLength(2)
  },

  'a fence settles no marker of a task that is claimed: our marker may stand before the last of theirs':
    async () => {
      const rig = new OwnershipRig()
      rig.live = new Set([US, DEAD.incarnation])
      rig.store(1, DEAD)
      await rig.joined(1, 't/0', 't/1')
      expect(rig.told).toEqual(['claim t/0', 'mark t/0'])
      rig.task('t/0').sees({ ...DEAD, nonce: 'a#0' })
      await rig.settle(GRACE_MS)
      expect(rig.told).toContain('fence app-a')
      rig.task('t/0').reads()
      await rig.settle()
      expect(rig.told).not.toContain('run t/0')
    },

  'a release that is owed is written again when its transaction fails': async () => {
    const rig = new OwnershipRig()
    await rig.joined(1, 't/0')
    const nonce = rig.storedNonce(0)
    rig.fail('transact', 'COMMIT_ABORTED')
    await rig.joined(2)
    await rig.settle()
    expect(rig.told.filter(what => what === `release ${nonce}`)).toHaveLength(1)
    expect(rig.ownership.isEmpty).toBe(true)
  },

  'a release that is owed survives the loss of its answer': async () => {
    const rig = new OwnershipRig()
    await rig.joined(1, 't/0')
    rig.hold('transact')
    await rig.joined(2)
    expect(rig.ownership.isEmpty).toBe(false)
    await rig.producerLost('OUTCOME_UNKNOWN')
    expect(rig.told.filter(what => what.startsWith('release'))).toHaveLength(2)
    expect(rig.ownership.isEmpty).toBe(true)
  },

  'a fence of a dead pod settles nothing of the living one of its name': async () => {
    const rig = new OwnershipRig()
    rig.live = new Set([US, BACK.incarnation])
    rig.store(0, DEAD)
    await rig.joined(1, 't/0')
    rig.task('t/0').sees(BACK)
    await rig.settle(2_500)
    expect(rig.told).toContain('fence app-a')
    rig.task('t/0').reads()
    await rig.settle()
    expect(rig.told).not.toContain('run t/0')
    rig.task('t/0').tail.released.add(BACK.nonce)
    await rig.settle()
    rig.task('t/0').reads()
    await rig.settle()
    expect(rig.told).toContain('run t/0')
  },

  'a claim whose answer was lost is ours wherever it is found': async () => {
    const rig = new OwnershipRig()
    const task = await rig.running('t/0')
    rig.fail('claim', 'LOG_UNAVAILABLE', true)
    await rig.producerLost('COMMIT_ABORTED')
    task.tail.reached = true
    await rig.settle()
    expect(rig.tasks).toHaveLength(1)
    expect(task.phase).toBe('running')
    expect(rig.ownership.isSettled).toBe(true)
  },

  'a claim whose answer was lost is marked under the nonce that is stored': async () => {
    const rig = new OwnershipRig()
    const task = await rig.running('t/0')
    rig.fail('claim', 'LOG_UNAVAILABLE', true)
    await rig.producerLost('COMMIT_ABORTED')
    expect(task.target).toBe(rig.storedNonce(0))
  },

  'a running task whose claim is another nonce is restarted': async () => {
    const rig = new OwnershipRig()
    const task = await rig.running('t/0')
    rig.store(0, OTHER)
    await rig.joined(3, 't/0')
    expect(task.phase).toBe('closedDirty')
    expect(rig.tasks).toHaveLength(2)
  },

  'a claim is made in the generation of the join': async () => {
    const rig = new OwnershipRig()
    await rig.joined(4, 't/0')
    await rig.joined(5, 't/0', 't/1')
    expect(rig.generations).toEqual([4, 5])
  },

  'a claim that a newer join overtook counts only when it is read': async () => {
    const rig = new OwnershipRig()
    const answer = rig.hold('claim')
    await rig.joined(1, 't/0')
    rig.ownership.joined(2, ['t/0'])
    rig.store(0, OTHER)
    rig.live = new Set([US, OTHER.incarnation])
    await answer()
    expect(rig.told.filter(what => what === 'mark t/0')).toEqual([])
    expect(rig.storedNonce(0)).toBe(OTHER.nonce)
  },

  'a living owner is waited for, and fenced when its time is over': async () => {
    const rig = new OwnershipRig()
    rig.live = new Set([US, OTHER.incarnation])
    rig.store(0, OTHER)
    await rig.joined(1, 't/0')
    await rig.settle(GRACE_MS - 1_500)
    expect(rig.told).toEqual([])
    await rig.settle(2_000)
    expect(rig.told.slice(0, 2)).toEqual(['fence app-c', 'claim t/0'])
  },

  'an owner that has released is neither waited for nor fenced': async () => {
    const rig = new OwnershipRig()
    rig.live = new Set([US, OTHER.incarnation])
    rig.store(0, OTHER)
    await rig.joined(1, 't/0')
    rig.task('t/0').tail.released.add(OTHER.nonce)
    await rig.settle()
    expect(rig.told).toEqual(['claim t/0', 'mark t/0'])
  },

  'a task that is checked is dropped when somebody else has written': async () => {
    const rig = new OwnershipRig()
    const task = await rig.running('t/0')
    await rig.producerLost('COMMIT_ABORTED')
    expect(rig.ownership.isSettled).toBe(false)
    task.sees(OTHER)
    task.reads()
    await rig.settle()
    expect(task.phase).toBe('closedDirty')
  },

  'a claim that was accepted after its producer was lost is made again with the next producer': async () => {
    const rig = new OwnershipRig()
    const answer = rig.hold('claim')
    await rig.joined(1, 't/0')
    await rig.producerLost('COMMIT_ABORTED')
    await answer()
    expect(rig.told).toEqual(['claim t/0', 'claim t/0', 'mark t/0'])
  },

  'claims that were read before a join count no more after it': async () => {
    const rig = new OwnershipRig()
    await rig.joined(1)
    const answer = rig.hold('readClaims')
    await rig.joined(2, 't/0')
    rig.live = new Set([US, OTHER.incarnation])
    rig.store(0, OTHER)
    await rig.joined(3, 't/0')
    await answer()
    expect(rig.told).toEqual([])
  },

  'a task on its way out is not claimed again under a join before its stored claim is read': async () => {
    const rig = new OwnershipRig()
    const task = await rig.running('t/0')
    await rig.joined(2)
    const answer = rig.hold('claim')
    await rig.producerLost('COMMIT_ABORTED')
    rig.store(0, OTHER)
    await rig.joined(3)
    await answer()
    expect(rig.storedNonce(0)).toBe(OTHER.nonce)
    expect(task.phase).toBe('closedDirty')
  },

  'an owner gets its whole time again when the pod has missed a generation': async () => {
    const rig = new OwnershipRig()
    rig.live = new Set([US, OTHER.incarnation])
    rig.store(0, OTHER)
    await rig.joined(1, 't/0')
    await rig.settle(GRACE_MS - 1_500)
    await rig.joined(3, 't/0')
    await rig.settle(2_000)
    expect(rig.told).toEqual([])
    await rig.settle(GRACE_MS)
    expect(rig.told.slice(0, 2)).toEqual(['fence app-c', 'claim t/0'])
  },

  'a dead owner whose pod is back under its name has two seconds to release before it is fenced':
    async () => {
      const rig = new OwnershipRig()
      rig.live = new Set([US, BACK.incarnation])
      rig.store(0, DEAD)
      await rig.joined(1, 't/0')
      expect(rig.told).toEqual([])
      rig.task('t/0').tail.released.add(DEAD.nonce)
      await rig.settle(2_500)
      expect(rig.told).toEqual(['claim t/0', 'mark t/0'])
    },

  'a pod that was fenced releases what a successor of its name has claimed meanwhile': async () => {
    const rig = new OwnershipRig()
    await rig.running('t/0')
    rig.store(1, { incarnation: 'b:2:new', producer: 'app-b', nonce: 'new#1' })
    await rig.producerLost('FENCED')
    expect(rig.told).toContain('release new#1')
  },

  'a pod that the group has not heard of lately fences nobody': async () => {
    const rig = new OwnershipRig()
    rig.store(0, DEAD)
    rig.confirmedAt = Number.NEGATIVE_INFINITY
    await rig.joined(1, 't/0')
    await rig.settle(GRACE_MS)
    expect(rig.told).toEqual([])
    rig.confirmedAt = Number.POSITIVE_INFINITY
    await rig.settle()
    expect(rig.told[0]).toBe('fence app-a')
  },

  'the claim of a living owner is read once more before the owner is fenced': async () => {
    const rig = new OwnershipRig()
    rig.live = new Set([US, OTHER.incarnation, BACK.incarnation])
    rig.store(0, OTHER)
    await rig.joined(1, 't/0')
    rig.store(0, BACK)
    await rig.settle(GRACE_MS)
    expect(rig.told).toEqual([])
    await rig.settle(GRACE_MS)
    expect(rig.told[0]).toBe('fence app-a')
  },

  'a task is claimed, marked and checked again after a missed generation, though the stored claim is ours':
    async () => {
      const rig = new OwnershipRig()
      const task = await rig.running('t/0')
      await rig.joined(3, 't/0')
      expect(rig.told).toEqual(['claim t/0', 'mark t/0', 'run t/0', 'claim t/0', 'mark t/0'])
      expect(rig.ownership.isSettled).toBe(false)
      task.reads()
      await rig.settle()
      expect(rig.ownership.isSettled).toBe(true)
    },

  'a claim that was sent is released although its answer was lost and another followed': async () => {
    const rig = new OwnershipRig()
    rig.fail('claim', 'LOG_UNAVAILABLE', true)
    await rig.joined(1, 't/0')
    expect(rig.told).toEqual(['claim t/0', 'claim t/0', 'mark t/0'])
    await rig.joined(2)
    expect(rig.told.slice(3)).toEqual([`drop t/0`, `release ${US}#1`, `release ${US}#2`])
  },

  'what a former incarnation has left is released before its successor waits for it': async () => {
    const rig = new OwnershipRig()
    rig.store(1, { incarnation: 'b:1:old', producer: 'app-b', nonce: 'old#1' })
    await rig.joined(1, 't/0')
    expect(rig.told).toContain('release old#1')
  },
} satisfies Record<string, () => Promise<void>>

export type Rule = keyof typeof RULES
