/** Bugs in how tasks are taken over. */
import { partitionKey } from '#core/record.ts'
import { decodeClaim, encodeClaim } from '#engine/commit/claims.ts'
import type { GroupOptions, Log, Membership, PartitionBatch, Receipt } from '#engine/log/log.ts'
import { MARKER_PREFIX } from '#engine/state/layout.ts'
import type { Plant } from '#testing/simulation/fleet.ts'
import { tasksOf } from '#topology/plan-tasks.ts'
import { withLog, withMembership, withProducer } from './delegate.ts'

/** The former owner is believed to be out without having been fenced. */
export const skippedFence: Plant = ports => ({
  ...ports,
  log: withLog(ports.log, { fence: async () => undefined }),
})

/** Every stored claim is taken for a former incarnation's own, and released, though nobody has fenced its owner. */
export const strangersReleased: Plant = (ports, name, fleet) => {
  const producer = `${fleet.plan.application}-${name}`
  const taskCount = tasksOf(fleet.plan).length
  const asOurs = (stored: string | undefined) => {
    const claim = decodeClaim(stored)
    return claim ? encodeClaim({ ...claim, producer }) : stored
  }
  const log = withMembership(ports.log, membership => ({
    readClaims: async places => {
      const stored = await membership.readClaims(places)
      return places.length === taskCount ? stored.map(asOurs) : stored
    },
  }))
  return { ...ports, log }
}

/**
 * A task that came back is kept. Its stored claim is taken for one's own whatever its nonce. And the pod does not see that it
 * has missed a generation.
 */
export const claimNotCompared: Plant = (ports, name, fleet) => {
  const { log } = withOldClaims(ports, name, fleet)
  return { ...ports, log: withoutMissedGenerations(log) }
}

/** Claims are read as the pod has sent them itself: the worst that a deposed coordinator can answer. */
export const withOldClaims: Plant = ports => {
  const sent = new Map<string, string>()
  const log = withMembership(ports.log, membership => ({
    claim: (generation, claims) => {
      for (const claim of claims) sent.set(partitionKey(claim), claim.metadata)
      return membership.claim(generation, claims)
    },
    readClaims: async places => {
      const stored = await membership.readClaims(places)
      return places.map((place, index) => sent.get(partitionKey(place)) ?? stored[index])
    },
  }))
  return { ...ports, log }
}

/** The generations of the pod are numbered one by one, so that none seems to be missed. */
function withoutMissedGenerations(log: Log): Log {
  const real = new Map<number, number>()
  const joinGroup = (options: GroupOptions): Membership =>
    log.joinGroup({
      ...options,
      listener: {
        ...options.listener,
        joined: (generation, tasks) => {
          real.set(real.size + 1, generation)
          options.listener.joined(real.size, tasks)
        },
      },
    })
  const renumbered = withLog(log, { joinGroup })
  return withMembership(renumbered, membership => ({
    claim: (generation, claims) => membership.claim(real.get(generation) ?? generation, claims),
  }))
}

/** Claims are sent again under whatever generation is current by then. */
export const claimRetried: Plant = (ports, name, fleet) => {
  fleet.broker.faults.retryClaimsAcrossGenerations(name)
  return ports
}

/** Claims count as accepted when their promise resolves, though every third was never sent. */
export const promiseBelieved: Plant = (ports, name, fleet) => {
  let claims = 0
  const log = withMembership(ports.log, membership => ({
    claim: (generation, claimed) => {
      fleet.broker.faults.lieAboutClaims(name, claims++ % 3 === 0)
      return membership.claim(generation, claimed)
    },
  }))
  return { ...ports, log }
}

/** The outcome of an unknown commit is looked for from one's own new marker on: behind the commit. */
export const lookedTooLate: Plant = ports => {
  const markers = new Map<string, number>()
  const log = withLog(ports.log, {
    startProducer: async (transactionalId, writes) => {
      const producer = await ports.log.startProducer(transactionalId, writes)
      const transact = async (batches: readonly PartitionBatch[]): Promise<Receipt> => {
        const receipt = await producer.transact(batches)
        batches.forEach((batch, index) => {
          if (isMarker(batch)) markers.set(partitionKey(batch), (receipt[index] ?? 0) - 1)
        })
        return receipt
      }
      return withProducer(producer, { transact })
    },
    // The reader that checks a kept task is the first to be opened after its marker.
    openReader: (place, offset) => {
      const marker = markers.get(partitionKey(place)) ?? 0
      markers.delete(partitionKey(place))
      return ports.log.openReader(place, Math.max(offset, offset > 0 ? marker : 0))
    },
  })
  return { ...ports, log }
}

function isMarker({ records }: PartitionBatch): boolean {
  const last = records.at(-1)
  return last?.value != null && last.key?.toString().startsWith(MARKER_PREFIX) === true
}
