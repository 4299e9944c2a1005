/**
 * Every code that a broker can answer with, to each request of a group, once and for ever. A member joins once the brokers let
 * it. What keeps it out for long is logged with request and code. A claim is sent once, and its error says what became of it.
 */
import { describe, expect, it } from 'vitest'
import { type Meaning, meaningOf, nameOf, type RequestName } from '#engine/log/kafka/broker-codes.ts'
import type { Membership } from '#engine/log/log.ts'
import { CODES, openScriptedLog, PLACES, type ScriptedLog, UNAVAILABLE_AFTER_MS } from './scripted-codes.ts'

const JOINED_MS = 2_000
const LOAD_IN_PROGRESS = 14

interface Member {
  readonly membership: Membership
  readonly generations: number[]
  readonly losses: string[]
}

function join({ log }: ScriptedLog): Member {
  const [generations, losses]: [number[], string[]] = [[], []]
  const membership = log.joinGroup({
    group: 'app',
    member: 'pod',
    sessionTimeoutMs: 1_200,
    memberData: () => '',
    assign: () => new Map(),
    hasEnded: () => false,
    listener: {
      joined: generation => void generations.push(generation),
      lost: reason => void losses.push(reason),
    },
  })
  return { membership, generations, losses }
}

async function joinedMember(script: ScriptedLog): Promise<Member> {
  const member = join(script)
  await script.time.runUntil(() => member.generations.length > 0, JOINED_MS)
  return member
}

describe.each<RequestName>(['FindCoordinator', 'DescribeGroups', 'JoinGroup', 'SyncGroup', 'Heartbeat'])(
  'a member whose %s is refused',
  request => {
    const begin = request === 'Heartbeat' ? joinedMember : join

    it.each([...CODES])('goes on after code %d', async code => {
      const script = await openScriptedLog({ request, code })
      const member = request === 'Heartbeat' ? await begin(script) : undefined
      script.refusal.arm(1)
      const { generations, membership } = member ?? join(script)
      const confirmed = () =>
        generations.length > 0 && membership.confirmedAt > script.time.system.monotonic() - 1_000
      expect(await script.time.runUntil(() => script.refusal.answered > 0, JOINED_MS)).toBe(true)
      await script.time.runFor(JOINED_MS)
      expect(confirmed()).toBe(true)
      await script.close()
    })

    it.each([...CODES])('says so where code %d stays, and joins once it is gone', async code => {
      const script = await openScriptedLog({ request, code })
      const { time, refusal, warnings } = script
      const member = request === 'Heartbeat' ? await joinedMember(script) : undefined
      refusal.arm(Number.POSITIVE_INFINITY)
      const { generations, losses, membership } = member ?? join(script)
      await time.runFor(3 * UNAVAILABLE_AFTER_MS)
      const joinsAgain = generations.length > 1
      if (!joinsAgain) expect([...warnings, ...losses].join('\n')).toContain(nameOf(code))
      expect(warnings.filter(each => each.includes('cannot be joined')).length).toBeLessThan(3)
      expect(refusal.answered).toBeLessThan(60)
      refusal.arm(0)
      await time.runFor(JOINED_MS)
      expect(generations.length).toBeGreaterThan(0)
      expect(membership.confirmedAt).toBeGreaterThan(time.system.monotonic() - 1_000)
      await script.close()
    })
  },
)

/** Of a claim. What may be stored, or may pass, is no reason to call for somebody. */
const CLAIMED: Partial<Record<Meaning, string>> = {
  passing: 'LOG_UNAVAILABLE',
  moved: 'LOG_UNAVAILABLE',
  unclear: 'LOG_UNAVAILABLE',
  rejoin: 'CLAIM_REFUSED',
  rights: 'ACCESS_REFUSED',
}

it.each([...CODES])(
  'a claim that is refused with code %d is sent once, and nothing of it is stored',
  async code => {
    const script = await openScriptedLog({ request: 'OffsetCommit', code })
    const { membership, generations } = await joinedMember(script)
    const claims = PLACES.map(place => ({ ...place, metadata: 'mine' }))
    script.refusal.arm(Number.POSITIVE_INFINITY)
    const { code: outcome, message } = await script.outcomeOf(() =>
      membership.claim(generations.at(-1) ?? 0, claims),
    )
    const expected = code === LOAD_IN_PROGRESS ? 'CLAIM_REFUSED' : CLAIMED[meaningOf(code, 'OffsetCommit')]
    expect([code, outcome]).toEqual([code, expected ?? 'BROKER_REFUSED'])
    expect(message).toContain(nameOf(code))
    expect(script.refusal.answered).toBe(1)
    expect(script.cluster.group.stored).toEqual([])
    script.refusal.arm(0)
    expect(await script.outcomeOf(() => membership.claim(generations.at(-1) ?? 0, claims))).toMatchObject({
      code: 'done',
    })
    await script.close()
  },
)

it.each([...CODES])('a member leaves also where that is refused with code %d, and says so', async code => {
  const script = await openScriptedLog({ request: 'LeaveGroup', code })
  const { membership } = await joinedMember(script)
  script.refusal.arm(Number.POSITIVE_INFINITY)
  expect(await script.outcomeOf(() => membership.leave())).toMatchObject({ code: 'done' })
  const isLeft = meaningOf(code, 'LeaveGroup') === 'settled'
  expect(script.warnings.join('\n')).toContain(isLeft ? '' : nameOf(code))
  await script.close()
})
