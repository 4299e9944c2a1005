/** The part of the Log port's contract suite that is about groups: joins, generations, claims, positions. */
import { expect, it } from 'vitest'
import type { TaskId, TopicPartition } from '#core/record.ts'
import { taskKey } from '#core/record.ts'
import type { GroupMember, Log, Membership } from '#engine/log/log.ts'
import type { Bench } from './fixture.ts'
import { codeOf } from './fixture.ts'

interface Join {
  readonly generation: number
  readonly tasks: readonly string[]
}

/** A member that remembers its joins, so that a test can wait for one. */
interface Member {
  readonly membership: Membership
  readonly joins: readonly Join[]
  /** The first join, from the `from`th on, that satisfies the condition; waits for it. */
  joined(condition: (join: Join) => boolean, from?: number): Promise<Join>
}

const TASKS: readonly TaskId[] = [0, 1, 2, 3].map(partition => ({ stage: 'count', partition }))
const ALL = TASKS.map(taskKey)

/** Deals the tasks out to the members in the order of their names. */
function deal(members: readonly GroupMember[]): ReadonlyMap<string, readonly TaskId[]> {
  const names = members.map(one => one.member).sort()
  return new Map(
    names.map((name, place) => [name, TASKS.filter(task => task.partition % names.length === place)]),
  )
}

function join(
  log: Log,
  group: string,
  member: string,
  memberData: () => string = () => '',
  assign = deal,
): Member {
  const joins: Join[] = []
  let wake = Promise.withResolvers<void>()
  const membership = log.joinGroup({
    group,
    member,
    sessionTimeoutMs: 10_000,
    memberData,
    assign,
    listener: {
      joined(generation, tasks) {
        joins.push({ generation, tasks: tasks.map(taskKey) })
        wake.resolve()
        wake = Promise.withResolvers<void>()
      },
      lost() {},
    },
  })
  return {
    membership,
    joins,
    async joined(condition, from = 0) {
      for (;;) {
        const found = joins.slice(from).find(condition)
        if (found) return found
        await wake.promise
      }
    },
  }
}

const everything = (found: Join) => found.tasks.length === ALL.length

export function describeGroups(bench: () => Bench, members: 'one' | 'many'): void {
  describeMembership(bench)
  describeClaims(bench)
  if (members === 'many') describeSharing(bench)
}

function describeMembership(bench: () => Bench): void {
  it('gives a single member the tasks of its assigner', async () => {
    const { log, name } = bench()
    const me = name('member')
    const seen: GroupMember[][] = []
    const assign = (found: readonly GroupMember[]) => {
      seen.push([...found])
      return deal(found)
    }
    const member = join(log, name('group'), me, () => 'what I hold', assign)
    expect((await member.joined(everything)).tasks).toEqual(ALL)
    expect(seen.at(-1)).toEqual([{ member: me, data: 'what I hold' }])
    expect(member.membership.confirmedAt).toBeGreaterThanOrEqual(0)
    await member.membership.leave()
  })

  it('reports a join after joinGroup has returned, and never from inside the call', async () => {
    const { log, name } = bench()
    const member = join(log, name('group'), name('member'))
    expect(member.joins).toEqual([])
    await member.joined(everything)
    await member.membership.leave()
  })

  it('begins a new generation on request, with the member data of that moment', async () => {
    const { log, name } = bench()
    let data = 'first'
    const seen: string[] = []
    const assign = (found: readonly GroupMember[]) => {
      seen.push(...found.map(one => one.data))
      return deal(found)
    }
    const member = join(log, name('group'), name('member'), () => data, assign)
    const first = await member.joined(everything)
    data = 'second'
    member.membership.rejoin()
    const second = await member.joined(found => found.generation > first.generation)
    expect(second.tasks).toEqual(ALL)
    expect(seen.at(-1)).toBe('second')
    await member.membership.leave()
  })

  it('grows generations from one incarnation to the next', async () => {
    const { log, name, fixture } = bench()
    const group = name('group')
    const first = join(log, group, name('member'))
    const before = await first.joined(everything)
    await first.membership.leave()
    const later = join((await fixture.reopen?.()) ?? log, group, name('member'))
    expect((await later.joined(everything)).generation).toBeGreaterThan(before.generation)
    await later.membership.leave()
  })

  it('counts the present members', async () => {
    const { log, name } = bench()
    const group = name('group')
    const [early, late] = [name('member'), name('member')]
    const first = join(log, group, early)
    await first.joined(everything)
    expect(await first.membership.liveMembers()).toEqual(new Set([early]))
    await first.membership.leave()
    const second = join(log, group, late)
    await second.joined(everything)
    expect(await second.membership.liveMembers()).toEqual(new Set([late]))
    await second.membership.leave()
  })

  it('stores positions for tools that show lag', async () => {
    const { log, name, topic } = bench()
    const group = name('group')
    const [first, second] = await topic({ partitions: 2 })
    const places: readonly TopicPartition[] = [first, second ?? first]
    const member = join(log, group, name('member'))
    await member.joined(everything)
    expect(await log.groupPositions(group, places)).toEqual([undefined, undefined])
    await member.membership.commitPositions([{ ...first, offset: 7 }])
    await member.membership.commitPositions([{ ...first, offset: 9 }])
    expect(await log.groupPositions(group, places)).toEqual([9, undefined])
    expect(await log.groupPositions(name('group'), places)).toEqual([undefined, undefined])
    await member.membership.leave()
  })
}

function describeClaims(bench: () => Bench): void {
  it('stores claims of the current generation, and reads them in the requested order', async () => {
    const { log, name, topic } = bench()
    const [first, second, third] = await topic({ partitions: 3, compacted: true })
    const places = [third ?? first, first, second ?? first]
    const member = join(log, name('group'), name('member'))
    const { generation } = await member.joined(everything)
    expect(await member.membership.readClaims(places)).toEqual([undefined, undefined, undefined])
    const long = 'é'.repeat(1_000)
    await member.membership.claim(generation, [
      { ...first, metadata: 'mine/1' },
      { ...(second ?? first), metadata: long },
    ])
    expect(await member.membership.readClaims(places)).toEqual([undefined, 'mine/1', long])
    await member.membership.claim(generation, [{ ...first, metadata: 'mine/2' }])
    expect(await member.membership.readClaims(places)).toEqual([undefined, 'mine/2', long])
    await member.membership.leave()
  })

  it('refuses a claim of an earlier generation, and keeps the stored claims', async () => {
    const { log, name, topic } = bench()
    const [place] = await topic({ compacted: true })
    const member = join(log, name('group'), name('member'))
    const { generation } = await member.joined(everything)
    await member.membership.claim(generation, [{ ...place, metadata: 'old' }])
    member.membership.rejoin()
    const next = await member.joined(found => found.generation > generation)
    const refused = member.membership.claim(generation, [{ ...place, metadata: 'late' }])
    expect(await codeOf(refused)).toBe('CLAIM_REFUSED')
    expect(await member.membership.readClaims([place])).toEqual(['old'])
    await member.membership.claim(next.generation, [{ ...place, metadata: 'new' }])
    expect(await member.membership.readClaims([place])).toEqual(['new'])
    await member.membership.leave()
  })

  it('keeps the claims of a group for the next incarnation, apart from those of other groups', async () => {
    const { log, name, topic, fixture } = bench()
    const group = name('group')
    const [place] = await topic({ compacted: true })
    const first = join(log, group, name('member'))
    const { generation } = await first.joined(everything)
    await first.membership.claim(generation, [{ ...place, metadata: 'mine' }])
    await first.membership.leave()
    const after = (await fixture.reopen?.()) ?? log
    const second = join(after, group, name('member'))
    await second.joined(everything)
    expect(await second.membership.readClaims([place])).toEqual(['mine'])
    const stranger = join(after, name('group'), name('member'))
    await stranger.joined(everything)
    expect(await stranger.membership.readClaims([place])).toEqual([undefined])
    await stranger.membership.leave()
    await second.membership.leave()
  })

  it('refuses the claim of a member that has left', async () => {
    const { log, name, topic } = bench()
    const [place] = await topic({ compacted: true })
    const group = name('group')
    const first = join(log, group, name('member'))
    const { generation } = await first.joined(everything)
    await first.membership.leave()
    const late = first.membership.claim(generation, [{ ...place, metadata: 'late' }])
    expect(await codeOf(late)).not.toBe('resolved')
    const second = join(log, group, name('member'))
    await second.joined(everything)
    expect(await second.membership.readClaims([place])).toEqual([undefined])
    await second.membership.leave()
  })
}

function describeSharing(bench: () => Bench): void {
  /** Two members once both are in one generation and all tasks are dealt out. */
  async function pair(log: Log, group: string, names: readonly [string, string]) {
    const first = join(log, group, names[0])
    await first.joined(everything)
    const second = join(log, group, names[1])
    const half = (found: Join) => found.tasks.length === ALL.length / 2
    const [mine, theirs] = [await first.joined(half), await second.joined(half)]
    return { first, second, mine, theirs }
  }

  it('divides the tasks among all members in one generation', async () => {
    const { log, name } = bench()
    const names = [name('a-member'), name('b-member')] as const
    const { first, second, mine, theirs } = await pair(log, name('group'), names)
    expect(mine.generation).toBe(theirs.generation)
    expect([...mine.tasks, ...theirs.tasks].sort()).toEqual(ALL)
    expect(await first.membership.liveMembers()).toEqual(new Set(names))
    await first.membership.leave()
    await second.membership.leave()
  })

  it('gives the tasks of a member that leaves to the others, in a newer generation', async () => {
    const { log, name } = bench()
    const names = [name('a-member'), name('b-member')] as const
    const { first, second, theirs } = await pair(log, name('group'), names)
    await first.membership.leave()
    const after = await second.joined(found => found.generation > theirs.generation && everything(found))
    expect(after.tasks).toEqual(ALL)
    expect(await second.membership.liveMembers()).toEqual(new Set([names[1]]))
    await second.membership.leave()
  })

  it('keeps the claims of two members that make them at the same moment', async () => {
    const { log, name, topic } = bench()
    const [one, other = one] = await topic({ partitions: 2, compacted: true })
    const group = name('group')
    const { first, second, mine } = await pair(log, group, [name('a-member'), name('b-member')])
    await Promise.all([
      first.membership.claim(mine.generation, [{ ...one, metadata: 'of the first' }]),
      second.membership.claim(mine.generation, [{ ...other, metadata: 'of the second' }]),
    ])
    expect(await second.membership.readClaims([one, other])).toEqual(['of the first', 'of the second'])
    await first.membership.leave()
    await second.membership.leave()
  })

  it('refuses the claim of a member that missed a generation', async () => {
    const { log, name, topic } = bench()
    const [place] = await topic({ compacted: true })
    const { first, second, mine, theirs } = await pair(log, name('group'), [
      name('a-member'),
      name('b-member'),
    ])
    second.membership.rejoin()
    await second.joined(found => found.generation > theirs.generation)
    const late = first.membership.claim(mine.generation, [{ ...place, metadata: 'late' }])
    expect(await codeOf(late)).toBe('CLAIM_REFUSED')
    expect(await second.membership.readClaims([place])).toEqual([undefined])
    await first.membership.leave()
    await second.membership.leave()
  })
}
