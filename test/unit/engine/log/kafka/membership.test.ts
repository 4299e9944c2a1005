/**
 * A claim of the driver belongs to the generation that the caller names, whatever becomes current meanwhile. A member that is out
 * learns that once, whichever answer says so.
 */
import { afterEach, describe, expect, it } from 'vitest'
import { CaudalError } from '#core/errors.ts'
import { sleep } from '#core/system.ts'
import { KNOWN_CODES, meaningOf } from '#engine/log/kafka/broker-codes.ts'
import { CODE } from '#engine/log/kafka/codes.ts'
import { encodeTasks } from '#engine/log/kafka/group-protocol.ts'
import type { Broker } from '#engine/log/kafka/library.ts'
import { KafkaMembership } from '#engine/log/kafka/membership.ts'
import type { Network } from '#engine/log/kafka/network.ts'
import { settingsOf } from '#engine/log/kafka/options.ts'
import { VirtualTime } from '#testing/virtual-time.ts'

const REJOIN = KNOWN_CODES.filter(code => meaningOf(code) === 'rejoin')
const CLAIM = { topic: 'state', partition: 0, metadata: 'the claim' }

interface Stored {
  readonly generation: number
  readonly memberId: string
}

/** A coordinator that counts generations, and whose place can be asked for slowly. */
class Coordinator {
  generation = 0
  readonly stored: Stored[] = []
  readonly joined: number[] = []
  readonly losses: string[] = []
  /** What it answers to the next request of a kind. */
  readonly refuses = new Map<'joinGroup' | 'syncGroup' | 'heartbeat', Error>()
  /** The member ids of the joins. */
  readonly joinedAs: string[] = []
  /** What it answers to every join. */
  refusesJoins: Error | undefined
  /** What the broker answers to claims. */
  refusal: Error | undefined
  /** What it does before it answers a request of a kind. */
  readonly first = new Map<'syncGroup' | 'heartbeat', () => Promise<void>>()
  /** While it is set, no claim learns where the coordinator is. */
  found: Promise<void> | undefined

  network(carriesClaims: boolean): Network {
    const broker: Partial<Broker> = {
      joinGroup: async ({ memberId }) => {
        this.joinedAs.push(memberId)
        if (this.refusesJoins) throw this.refusesJoins
        this.#answer('joinGroup')
        const generationId = ++this.generation
        return { generationId, leaderId: 'somebody', memberId: `member-${generationId}`, members: [] }
      },
      syncGroup: async () => {
        if (this.first.has('syncGroup')) await this.first.get('syncGroup')?.()
        this.#answer('syncGroup')
        return { memberAssignment: encodeTasks([]) }
      },
      heartbeat: async () => {
        if (this.first.has('heartbeat')) await this.first.get('heartbeat')?.()
        this.#answer('heartbeat')
      },
      leaveGroup: async () => undefined,
      offsetCommit: async ({ groupGenerationId, memberId }) => {
        this.stored.push({ generation: groupGenerationId, memberId })
        if (this.refusal) throw this.refusal
      },
    }
    const network: Pick<Network, 'ask' | 'coordinator' | 'outdated' | 'close'> = {
      // The membership asks nothing but what is answered above.
      ask: (_node, question) => question(broker as Broker),
      coordinator: async () => {
        if (carriesClaims) await this.found
        return 1
      },
      outdated: () => undefined,
      close: () => undefined,
    }
    // A membership uses no more of a network than this.
    return network as Network
  }

  #answer(request: 'joinGroup' | 'syncGroup' | 'heartbeat'): void {
    const refusal = this.refuses.get(request)
    this.refuses.delete(request)
    if (refusal) throw refusal
  }
}

const opened: KafkaMembership[] = []

function join(coordinator: Coordinator) {
  const time = new VirtualTime(1)
  const settings = settingsOf({ brokers: [], clientId: 'pod', system: time.system })
  const options = {
    group: 'group',
    member: 'pod',
    sessionTimeoutMs: 6_000,
    memberData: () => '',
    assign: () => new Map(),
    listener: {
      joined: (generation: number) => void coordinator.joined.push(generation),
      lost: (reason: string) => void coordinator.losses.push(reason),
    },
  }
  const shared = coordinator.network(true)
  const membership = new KafkaMembership(
    options,
    settings,
    coordinator.network(false),
    shared,
    () => undefined,
  )
  opened.push(membership)
  membership.start()
  const nextJoin = async () => {
    const before = coordinator.joined.length
    membership.rejoin()
    await time.runUntil(() => coordinator.joined.length > before, 60_000)
  }
  return { membership, time, nextJoin }
}

/** What kafkajs makes of a broker's answer. */
function answerOf(code: number): Error {
  return Object.assign(new RangeError('refused'), { code })
}

afterEach(async () => {
  for (const membership of opened.splice(0)) await membership.leave()
})

describe('a claim', () => {
  it('a claim is sent under the generation that the caller names', async () => {
    const coordinator = new Coordinator()
    const { membership, nextJoin, time } = join(coordinator)
    await time.runUntil(() => coordinator.joined.length === 1, 1_000)
    await membership.claim(1, [CLAIM])
    await nextJoin()
    await membership.claim(2, [CLAIM])
    expect(coordinator.stored).toEqual([
      { generation: 1, memberId: 'member-1' },
      { generation: 2, memberId: 'member-2' },
    ])
  })

  it('a claim of an earlier generation is refused and never sent', async () => {
    const coordinator = new Coordinator()
    const { membership, nextJoin, time } = join(coordinator)
    await time.runUntil(() => coordinator.joined.length === 1, 1_000)
    await nextJoin()
    await expect(membership.claim(1, [CLAIM])).rejects.toThrow('CLAIM_REFUSED')
    expect(coordinator.stored).toEqual([])
  })

  it('a claim keeps its generation and its member when a newer join ends before it is sent', async () => {
    const coordinator = new Coordinator()
    const { membership, nextJoin, time } = join(coordinator)
    await time.runUntil(() => coordinator.joined.length === 1, 1_000)
    const { promise, resolve } = Promise.withResolvers<void>()
    coordinator.found = promise
    const claimed = membership.claim(1, [CLAIM])
    await nextJoin()
    resolve()
    await claimed
    expect(coordinator.joined).toEqual([1, 2])
    expect(coordinator.stored).toEqual([{ generation: 1, memberId: 'member-1' }])
  })

  it.each<[string, Error]>([
    ...REJOIN.map((code): [string, Error] => ['CLAIM_REFUSED', answerOf(code)]),
    ['CLAIM_REFUSED', answerOf(CODE.COORDINATOR_LOAD_IN_PROGRESS)],
    // It is claimed again and may pass: no reason to call for somebody.
    ['LOG_UNAVAILABLE', answerOf(-1)],
    ['LOG_UNAVAILABLE', new CaudalError('LOG_UNAVAILABLE', { reason: 'not answered' })],
  ])('a claim that fails with %s is not sent again', async (code, refusal) => {
    const coordinator = new Coordinator()
    coordinator.refusal = refusal
    const { membership, nextJoin, time } = join(coordinator)
    await time.runUntil(() => coordinator.joined.length === 1, 1_000)
    await expect(membership.claim(1, [CLAIM])).rejects.toThrow(code)
    await nextJoin()
    await time.runFor(10_000)
    expect(coordinator.stored).toHaveLength(1)
  })
})

describe('a member', () => {
  it.each(['syncGroup', 'heartbeat'] as const)(
    'a member is confirmed as of when its %s was sent, not as of when the answer came',
    async request => {
      const coordinator = new Coordinator()
      const { membership, time } = join(coordinator)
      const sent: number[] = []
      coordinator.first.set(request, () => {
        sent.push(time.system.monotonic())
        return sleep(time.system, 1_500)
      })
      await time.runUntil(() => sent.length > 0, 5_000)
      await time.runFor(1_499)
      expect(membership.confirmedAt).toBeLessThan(Number(sent[0]))
      await time.runFor(2)
      expect(membership.confirmedAt).toBe(sent[0])
    },
  )

  it.each([
    ...REJOIN.filter(code => code !== CODE.REBALANCE_IN_PROGRESS).flatMap(code =>
      (['joinGroup', 'syncGroup', 'heartbeat'] as const).map(request => [request, code] as const),
    ),
  ])(
    'a member whose %s is refused with code %d learns once that it is out, and joins again',
    async (request, code) => {
      const coordinator = new Coordinator()
      const { nextJoin, time } = join(coordinator)
      await time.runUntil(() => coordinator.joined.length === 1, 1_000)
      expect(coordinator.losses).toEqual([])
      coordinator.refuses.set(request, answerOf(code))
      if (request === 'heartbeat') await time.runUntil(() => coordinator.joined.length === 2, 10_000)
      else await nextJoin()
      expect(coordinator.losses).toHaveLength(1)
      // Only the generation was over.
      const keepsItsId = code === CODE.ILLEGAL_GENERATION
      expect(coordinator.joinedAs.at(-1)).toBe(keepsItsId ? coordinator.joinedAs.findLast(id => id) : '')
    },
  )

  it.each(REJOIN)('a member whose joins are all refused with code %d does not ask in a spin', async code => {
    const coordinator = new Coordinator()
    coordinator.refusesJoins = answerOf(code)
    const { time } = join(coordinator)
    await time.runFor(10_000)
    expect(coordinator.joinedAs.length).toBeGreaterThan(10)
    expect(coordinator.joinedAs.length).toBeLessThan(60)
    coordinator.refusesJoins = undefined
    await time.runUntil(() => coordinator.joined.length === 1, 1_000)
    expect(coordinator.joined).toHaveLength(1)
  })

  it('a member that has never joined does not learn that it is out', async () => {
    const coordinator = new Coordinator()
    coordinator.refuses.set('joinGroup', answerOf(CODE.UNKNOWN_MEMBER_ID))
    const { time } = join(coordinator)
    await time.runUntil(() => coordinator.joined.length === 1, 10_000)
    expect(coordinator.losses).toEqual([])
  })
})
