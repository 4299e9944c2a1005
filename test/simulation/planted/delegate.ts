/** Wrappers around the ports of a pod: everything goes through but what is changed. */
import type { GroupOptions, Log, Membership, Producer, Reader } from '#engine/log/log.ts'

export function withLog(log: Log, changes: Partial<Log>): Log {
  return {
    recordBytesMax: log.recordBytesMax,
    createTopics: topics => log.createTopics(topics),
    describeTopics: names => log.describeTopics(names),
    growTopic: (name, partitions) => log.growTopic(name, partitions),
    bounds: places => log.bounds(places),
    append: batches => log.append(batches),
    trim: (place, beforeOffset) => log.trim(place, beforeOffset),
    startProducer: (transactionalId, writes) => log.startProducer(transactionalId, writes),
    fence: (transactionalId, writes) => log.fence(transactionalId, writes),
    explainHalt: async place => log.explainHalt?.(place),
    leftovers: async places => (await log.leftovers?.(places)) ?? [],
    openReader: (place, offset, topicId) => log.openReader(place, offset, topicId),
    joinGroup: options => log.joinGroup(options),
    groupPositions: (group, places) => log.groupPositions(group, places),
    close: () => log.close(),
    ...changes,
  }
}

export function withProducer(producer: Producer, changes: Partial<Producer>): Producer {
  return { transact: batches => producer.transact(batches), close: () => producer.close(), ...changes }
}

export function withReader(reader: Reader, changes: Partial<Reader>): Reader {
  return { next: recordsMax => reader.next(recordsMax), close: () => reader.close(), ...changes }
}

/** `change` is given the membership as it is. */
export function withMembership(log: Log, change: (membership: Membership) => Partial<Membership>): Log {
  const joinGroup = (options: GroupOptions): Membership => {
    const membership = log.joinGroup(options)
    return {
      get confirmedAt() {
        return membership.confirmedAt
      },
      claim: (generation, claims) => membership.claim(generation, claims),
      readClaims: places => membership.readClaims(places),
      liveMembers: () => membership.liveMembers(),
      commitPositions: positions => membership.commitPositions(positions),
      rejoin: () => membership.rejoin(),
      leave: () => membership.leave(),
      ...change(membership),
    }
  }
  return withLog(log, { joinGroup })
}
