/** Groups under faults: sessions, generations, claims, and the ways in which clients and coordinators break them. */
import { describe, expect, it } from 'vitest'
import { Group } from '#engine/log/simulated/group.ts'
import { VirtualTime } from '#testing/virtual-time.ts'
import { at, join, simulate, watch } from './simulation.ts'

const SESSION_MS = 6_000
const claimOf = (partition: number, metadata: string) => [{ ...at(partition), metadata }]

/** Two members that share the tasks: `a` holds 0 and 2, `b` 1 and 3. */
async function pair(seed = 1) {
  const simulation = await simulate(seed)
  const { time, client } = simulation
  const clients = { a: client('a'), b: client('b') }
  const a = join(clients.a, 'a@1')
  await time.runFor(100)
  const b = join(clients.b, 'b@1')
  await time.runFor(3_000)
  return { ...simulation, clients, a, b }
}

describe('a group', () => {
  it('a group gives everything to one member, then divides it', async () => {
    const { a, b } = await pair()
    expect(a.joins[0]).toEqual({ generation: 1, tasks: [0, 1, 2, 3] })
    expect([a.tasks(), b.tasks()]).toEqual([
      [0, 2],
      [1, 3],
    ])
    expect(a.generation()).toBe(b.generation())
  })

  it('a group holds a join up for a dead member until its session is over', async () => {
    const { time, clients, a, b, client } = await pair()
    clients.b.process.kill()
    await time.runFor(500)
    const c = join(client('c'), 'c@1')
    await time.runFor(3_500)
    expect([a.joins.length, c.joins.length]).toEqual([2, 0])
    await time.runFor(3_000)
    expect([a.tasks(), c.tasks(), b.joins.length]).toEqual([[0, 2], [1, 3], 1])
  })

  it('a group does not wait for a dead member that the next one knows to have ended', async () => {
    const { time, clients, a, client } = await pair()
    clients.b.process.kill()
    await time.runFor(500)
    const c = join(client('c'), 'b@2', SESSION_MS, member => member === 'b@1')
    await time.runFor(2_000)
    expect([a.tasks(), c.tasks()]).toEqual([
      [0, 2],
      [1, 3],
    ])
  })

  it('notices a dead member by itself when nobody joins', async () => {
    const { time, broker, clients, a } = await pair()
    clients.b.process.kill()
    await time.runFor(SESSION_MS + 1_500)
    expect(a.tasks()).toEqual([0, 1, 2, 3])
    expect(broker.inspect.members('group')).toEqual(new Set(['a@1']))
  })

  it('a group survives its leader dying between the join and its plan', async () => {
    const { time, broker, clients, a, b } = await pair()
    const before = b.joins.length
    broker.faults.loseRequest('a', 'sync', 100)
    b.membership.rejoin()
    await time.runFor(1_500)
    clients.a.process.kill()
    await time.runFor(2 * SESSION_MS)
    expect(b.joins.length).toBeGreaterThan(before)
    expect(b.tasks()).toEqual([0, 1, 2, 3])
    expect(a.membership.confirmedAt).toBeLessThan(time.system.monotonic() - SESSION_MS)
  })

  it('a group does not count out a member that waits for a plan, however long the leader takes', async () => {
    const time = new VirtualTime(1)
    const group = new Group(time.system, 60_000)
    const enter = (memberId: string) =>
      group.join({ memberId, member: memberId, data: '', sessionTimeoutMs: SESSION_MS }, () => undefined)
    for (const memberId of ['leader', 'waits', 'leader']) enter(memberId)
    const refusals: unknown[] = []
    group.sync('waits', 2, undefined, answer => refusals.push(answer))
    for (let second = 0; second < 15; second++) {
      expect(group.heartbeat('leader', 2)).toBe('ok')
      await time.runFor(1_000)
    }
    expect(refusals).toEqual([])
    expect(group.liveMembers).toEqual(new Set(['leader', 'waits']))
  })

  it('a group drops a member that stays alive but does not join again, after the rebalance time-out', async () => {
    const { time, broker, client, a } = await pair()
    broker.faults.loseRequest('b', 'join', 1_000)
    const c = join(client('c'), 'c@1')
    await time.runFor(70_000)
    expect([a.tasks(), c.tasks()]).toEqual([
      [0, 2],
      [1, 3],
    ])
    expect([a.losses, c.losses]).toEqual([[], []])
  })

  it('a group lets members go at once when they leave', async () => {
    const { time, settle, a, b } = await pair()
    await settle(b.membership.leave())
    await time.runFor(1_500)
    expect(a.tasks()).toEqual([0, 1, 2, 3])
    const joins = b.joins.length
    await time.runFor(20_000)
    expect(b.joins.length).toBe(joins)
  })

  it('a group forgets a member that could not say goodbye when its session is over', async () => {
    const { time, broker, settle, a, b } = await pair()
    broker.faults.loseRequest('b', 'leave')
    await settle(b.membership.leave())
    expect(broker.inspect.members('group')).toEqual(new Set(['a@1', 'b@1']))
    await time.runFor(SESSION_MS + 1_500)
    expect(a.tasks()).toEqual([0, 1, 2, 3])
  })
})

describe('a zombie', () => {
  it('a member learns that its session is over, joins again, and can get the same tasks', async () => {
    const { time, clients, a, b } = await pair()
    const before = b.tasks()
    clients.b.process.pause()
    await time.runFor(15_000)
    expect(a.tasks()).toEqual([0, 1, 2, 3])
    clients.b.process.resume()
    await time.runFor(5_000)
    expect(b.losses).toEqual(['the session is over'])
    expect(b.tasks()).toEqual(before)
    expect(b.generation()).toBe(a.generation())
  })

  it('a zombie has its claims refused as soon as others have gone on', async () => {
    const { time, clients, settle, a, b } = await pair()
    const generation = b.generation()
    clients.b.process.pause()
    await time.runFor(15_000)
    clients.b.process.resume()
    await expect(settle(b.membership.claim(generation, claimOf(1, 'zombie')))).rejects.toThrow(
      'CLAIM_REFUSED',
    )
    expect(await settle(a.membership.readClaims([at(1)]))).toEqual([undefined])
  })

  it('a zombie keeps confirmedAt at the last heartbeat that was answered', async () => {
    const { time, broker, b } = await pair()
    const confirmedAt = b.membership.confirmedAt
    expect(confirmedAt).toBeGreaterThan(time.system.monotonic() - 2_000)
    broker.faults.partition('b')
    await time.runFor(5_000)
    expect(b.membership.confirmedAt - confirmedAt).toBeLessThan(2_000)
  })
})

describe('confirmedAt', () => {
  it.each(['sync', 'heartbeat'] as const)(
    'confirmedAt is when the %s was sent, not when its answer came',
    async request => {
      const { time, broker, client } = await simulate()
      broker.faults.delayAnswer('pod', request, 1_500, 100)
      const { membership, joins } = join(client('pod'), 'pod@1')
      const answered = request === 'sync' ? 1_500 : 2_500
      await time.runFor(answered - 1)
      const before = membership.confirmedAt
      await time.runFor(2)
      expect(membership.confirmedAt).toBeGreaterThan(before)
      expect(membership.confirmedAt).toBe(time.system.monotonic() - 1_501)
      expect(joins).toHaveLength(1)
    },
  )
})

describe('a claim', () => {
  it('is stored whose answer is lost, and the claimer cannot tell', async () => {
    const { broker, settle, a } = await pair()
    broker.faults.loseAnswer('a', 'claim')
    await expect(settle(a.membership.claim(a.generation(), claimOf(0, 'nonce')))).rejects.toThrow(
      'LOG_UNAVAILABLE',
    )
    expect(await settle(a.membership.readClaims([at(0), at(1)]))).toEqual(['nonce', undefined])
  })

  it('is not stored whose request is lost, with the same answer', async () => {
    const { broker, settle, a } = await pair()
    broker.faults.loseRequest('a', 'claim')
    await expect(settle(a.membership.claim(a.generation(), claimOf(0, 'nonce')))).rejects.toThrow(
      'LOG_UNAVAILABLE',
    )
    expect(broker.inspect.claims('group')).toEqual(new Map())
  })

  it('a claim of a past generation is refused however late it arrives', async () => {
    const { time, broker, a, b } = await pair()
    broker.faults.delayRequest('a', 'claim', 1_900)
    const late = watch(a.membership.claim(a.generation(), claimOf(0, 'late')))
    b.membership.rejoin()
    await time.runFor(3_000)
    expect(late.outcome).toBe('CLAIM_REFUSED')
    expect(broker.inspect.claims('group')).toEqual(new Map())
  })

  it('a claim of the running generation is accepted while the next one is still joining', async () => {
    const { time, settle, clients, a, b } = await pair()
    clients.b.process.pause()
    a.membership.rejoin()
    await time.runFor(500)
    await settle(a.membership.claim(a.generation(), claimOf(0, 'in time')))
    clients.b.process.resume()
    await time.runFor(3_000)
    expect(await settle(b.membership.readClaims([at(0)]))).toEqual(['in time'])
  })

  it('a claim can be for any place, as membership is all that is checked', async () => {
    const { settle, a, b } = await pair()
    await settle(a.membership.claim(a.generation(), claimOf(1, 'of a')))
    expect(b.tasks()).toContain(1)
    expect(await settle(b.membership.readClaims([at(1)]))).toEqual(['of a'])
  })

  it('a claim is wiped by a tool, by expiry, or by a position on its place', async () => {
    const { broker, settle, a } = await pair()
    await settle(a.membership.claim(a.generation(), [...claimOf(0, 'x'), ...claimOf(1, 'y')]))
    await settle(a.membership.commitPositions([{ ...at(0), offset: 5 }]))
    expect(await settle(a.membership.readClaims([at(0), at(1)]))).toEqual([undefined, 'y'])
    broker.faults.wipeClaims(at(1).topic)
    expect(await settle(a.membership.readClaims([at(0), at(1)]))).toEqual([undefined, undefined])
  })

  it('a claim may be read from a deposed coordinator', async () => {
    const { broker, settle, a } = await pair()
    await settle(a.membership.claim(a.generation(), claimOf(0, 'old')))
    broker.faults.freezeClaims()
    await settle(a.membership.claim(a.generation(), claimOf(0, 'new')))
    expect(await settle(a.membership.readClaims([at(0)]))).toEqual(['old'])
    broker.faults.thawClaims()
    expect(await settle(a.membership.readClaims([at(0)]))).toEqual(['new'])
  })
})

describe('a defective client', () => {
  it('a defective client repeats a claim under the next generation, over the claim of the new owner', async () => {
    const { time, broker, settle, client, a, b } = await pair()
    broker.faults.retryClaimsAcrossGenerations('a')
    broker.faults.loseRequest('a', 'claim')
    const stale = watch(a.membership.claim(a.generation(), claimOf(1, 'of a')))
    join(client('c'), 'c@1')
    await time.runFor(1_900)
    await settle(b.membership.claim(b.generation(), claimOf(1, 'of b')))
    await time.runFor(1_000)
    expect(stale.outcome).toBe('resolved')
    expect(broker.inspect.claims('group')).toEqual(new Map([['numbers/1', 'of a']]))
  })

  it('a defective client resolves a claim that it never sent', async () => {
    const { broker, settle, a } = await pair()
    broker.faults.lieAboutClaims('a')
    await settle(a.membership.claim(a.generation(), claimOf(0, 'nonce')))
    expect(broker.inspect.claims('group')).toEqual(new Map())
    broker.faults.lieAboutClaims('a', false)
    await settle(a.membership.claim(a.generation(), claimOf(0, 'nonce')))
    expect(broker.inspect.claims('group')).toEqual(new Map([['numbers/0', 'nonce']]))
  })

  it('a defective client starts over as a new member while its old one holds the join up', async () => {
    const { time, broker, a, b } = await pair()
    const before = a.joins.length
    broker.faults.crashGroupClient('b')
    await time.runFor(4_000)
    expect(b.losses).toEqual(['the group client has failed'])
    expect(a.joins.length).toBe(before)
    await time.runFor(4_000)
    expect([a.tasks(), b.tasks()]).toEqual([
      [0, 2],
      [1, 3],
    ])
    expect(a.joins.length).toBe(before + 1)
  })
})

describe('a coordinator that moves', () => {
  it('a coordinator that moves refuses claims and reads for a while, then everyone joins again', async () => {
    const { time, broker, settle, a, b } = await pair()
    const generation = a.generation()
    broker.faults.moveCoordinator(4_000)
    await expect(settle(a.membership.claim(generation, claimOf(0, 'x')))).rejects.toThrow('CLAIM_REFUSED')
    await expect(settle(a.membership.readClaims([at(0)]))).rejects.toThrow('LOG_UNAVAILABLE')
    await time.runFor(6_000)
    expect(a.generation()).toBeGreaterThan(generation)
    expect(a.generation()).toBe(b.generation())
    expect([a.losses, b.losses]).toEqual([[], []])
    await settle(a.membership.claim(a.generation(), claimOf(0, 'x')))
  })
})

describe('a member that is cut off', () => {
  it.each(['hangs', 'fails'] as const)(
    'a member that is cut off is lost and returns once healed (its calls: %s)',
    async how => {
      const { time, broker, a, b } = await pair()
      broker.faults.partition('b', how)
      await time.runFor(12_000)
      expect(a.tasks()).toEqual([0, 1, 2, 3])
      expect(b.losses).toEqual(['no heartbeat was answered'])
      broker.faults.heal('b')
      await time.runFor(6_000)
      expect([a.tasks(), b.tasks()]).toEqual([
        [0, 2],
        [1, 3],
      ])
    },
  )
})
