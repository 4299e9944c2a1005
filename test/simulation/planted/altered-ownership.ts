/** Bugs inside the rules of ownership: a method of the engine is replaced for as long as a test runs with the bug. */
import type { Claim } from '#engine/commit/claims.ts'
import { Holding } from '#engine/ownership/holding.ts'
import { Releases } from '#engine/ownership/releases.ts'
import { type Alteration, replace } from './replaced-method.ts'

/** A fence settles what was read when it is over: also what was written while it ran. */
export const settledAfterTheFence: Alteration = () => {
  const owners = new WeakMap<Holding, Claim>()
  return all(
    replace(Holding.prototype, 'settledBy', original => {
      return function settledBy(this: Holding, owner) {
        owners.set(this, owner)
        return original.call(this, owner)
      }
    }),
    replace(Holding.prototype, 'settle', original => {
      return function settle(this: Holding, nonces) {
        const owner = owners.get(this)
        original.call(this, owner ? [...nonces, ...this.settledBy(owner)] : nonces)
      }
    }),
  )
}

/** The stored claims of tasks on their way out are not read again. */
export const leavingNotVerified: Alteration = () =>
  replace(Holding.prototype, 'leave', original => {
    return function leave(this: Holding) {
      Object.defineProperty(this, 'isRead', { get: () => true, set: () => undefined })
      original.call(this)
    }
  })

/** A fence settles markers of tasks that are claimed already, though our marker may stand before what it has settled. */
export const claimedMarkersSettled: Alteration = () =>
  replace(Holding.prototype, 'settledBy', original => {
    return function settledBy(this: Holding, owner) {
      const { isCurrent } = this
      this.isCurrent = false
      const nonces = original.call(this, owner)
      this.isCurrent = isCurrent
      return nonces
    }
  })

/** A release counts as written when it is sent. */
export const releaseForgotten: Alteration = () =>
  replace(Releases.prototype, 'write', original => {
    return function write(this: Releases, committer, timestamp) {
      const hasty = {
        isFree: committer.isFree,
        write(batches: Parameters<typeof committer.write>[0], onWritten: () => void) {
          onWritten()
          committer.write(
            batches,
            () => undefined,
            () => undefined,
          )
        },
      }
      original.call(this, hasty, timestamp)
    }
  })

/** A fence of a dead pod settles what a living one of its name has written. */
export const livingNamesakeSettled: Alteration = () =>
  replace(Holding.prototype, 'settledBy', original => {
    return function settledBy(this: Holding, owner) {
      const incarnations = new Set([owner.incarnation])
      for (const { incarnation } of this.seen.foreignMarkers.values()) incarnations.add(incarnation)
      if (this.previous.claim) incarnations.add(this.previous.claim.incarnation)
      return [...incarnations].flatMap(incarnation => original.call(this, { ...owner, incarnation }))
    }
  })

/** Only the claim that was accepted last counts as ours, not one whose answer was lost. */
export const lostAnswerNotOurs: Alteration = () =>
  replace(Holding.prototype, 'verify', original => {
    return function verify(this: Holding, stored, live) {
      const others = [...this.sent].filter(nonce => nonce !== this.claim)
      for (const nonce of others) this.sent.delete(nonce)
      const isOurs = original.call(this, stored, live)
      for (const nonce of others) this.sent.add(nonce)
      return isOurs
    }
  })

function all(...removals: readonly (() => void)[]): () => void {
  return () => {
    for (const remove of removals) remove()
  }
}
