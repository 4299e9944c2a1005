/** What members of a group tell each other, and how the leader answers. */
import { describe, expect, it } from 'vitest'
import {
  assignAll,
  decodeMember,
  decodeTasks,
  encodeMember,
  encodeTasks,
} from '#engine/log/kafka/group-protocol.ts'
import type { GroupMember } from '#engine/log/log.ts'

const TASKS = [
  { stage: 'count', partition: 0 },
  { stage: 'ñandú', partition: 12 },
]

describe('what members send', () => {
  it('what members send comes back as it was', () => {
    const member = { member: 'pod-1/abc', data: '{"owned":["count/1"]}' }
    expect(decodeMember(encodeMember(member, 3, ['state', 'in']))).toEqual(member)
    expect(decodeTasks(encodeTasks(TASKS))).toEqual(TASKS)
    expect(decodeTasks(Buffer.alloc(0))).toEqual([])
  })

  it('what members send differs from join to join, or the coordinator would not rebalance', () => {
    const member = { member: 'a', data: '' }
    expect(encodeMember(member, 1, [])).not.toEqual(encodeMember(member, 2, []))
  })

  it('what members send is a subscription that tools of Kafka can read: version, topics, user data', () => {
    const bytes = encodeMember({ member: 'a', data: '' }, 1, ['state'])
    expect(bytes.subarray(0, 13)).toEqual(Buffer.from('\0\0\0\0\0\x01\0\x05state'))
  })

  it('what members send is refused when another version wrote it', () => {
    const bytes = encodeMember({ member: 'a', data: '' }, 1, [])
    const other = Buffer.from(bytes.toString('latin1').replace('"format":1', '"format":2'), 'latin1')
    expect(() => decodeMember(other)).toThrow('format 2')
  })
})

describe('the leader', () => {
  const joining = (memberId: string, member: string) => ({
    memberId,
    memberMetadata: encodeMember({ member, data: `data of ${memberId}` }, 1, []),
  })

  it('the leader gives each member the tasks of its incarnation', () => {
    const seen: GroupMember[] = []
    const answers = assignAll([joining('id-1', 'a'), joining('id-2', 'b')], members => {
      seen.push(...members)
      return new Map([['b', TASKS]])
    })
    expect(seen).toEqual([
      { member: 'a', data: 'data of id-1' },
      { member: 'b', data: 'data of id-2' },
    ])
    expect(answers.map(each => [each.memberId, decodeTasks(each.memberAssignment)])).toEqual([
      ['id-1', []],
      ['id-2', TASKS],
    ])
  })

  it('the leader gives tasks once where one incarnation joined twice', () => {
    const answers = assignAll([joining('ghost', 'a'), joining('alive', 'a')], () => new Map([['a', TASKS]]))
    expect(answers.map(each => decodeTasks(each.memberAssignment))).toEqual([[], TASKS])
  })
})
