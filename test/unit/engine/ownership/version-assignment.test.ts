/** Tasks are divided among members of different versions. Each goes to a member that knows its stage, whichever member leads. */
import { describe, expect, it } from 'vitest'
import { taskKey } from '#core/record.ts'
import type { GroupMember } from '#engine/log/log.ts'
import { decodeMemberData, encodeMemberData } from '#engine/ownership/assignment.ts'
import type { StageVersions } from '#engine/ownership/stage-versions.ts'
import { assignVersions } from '#engine/ownership/version-assignment.ts'

/** Stages of two tasks, by name: how far each reaches, and what it stores. */
const stages = (known: Readonly<Record<string, readonly [reach: number, digest: string]>>): StageVersions =>
  new Map(
    Object.entries(known).map(([name, [reach, digest]]) => [name, { partitions: 2, reach, digest }] as const),
  )

interface Given {
  readonly stages?: StageVersions
  readonly owned?: readonly string[]
  readonly draining?: boolean
}

const member = (name: string, { stages, owned = [], draining = false }: Given = {}): GroupMember => {
  const tasks = owned.map(task => ({
    stage: task.split('/')[0] ?? '',
    partition: Number(task.split('/')[1]),
  }))
  return { member: name, data: encodeMemberData({ owned: tasks, draining, stages }) }
}

const assigned = (members: readonly GroupMember[], own: StageVersions) =>
  Object.fromEntries(
    [...assignVersions(members, own)].map(([name, tasks]) => [name, tasks.map(taskKey).sort()] as const),
  )

const plain = stages({ ask: [1, 'a'] })
const longer = stages({ ask: [1, 'a'], keep: [1, 'k'] })

describe('a stage that only some members know', () => {
  it.each([
    ['an older one', plain],
    ['a newer one', longer],
  ])(
    'a stage that only some members know goes to them alone when %s leads, and what all know is shared by all',
    (_, own) => {
      const members = [member('a', { stages: plain }), member('b', { stages: longer })]
      expect(assigned(members, own)).toEqual({ a: ['ask/0'], b: ['ask/1', 'keep/0', 'keep/1'] })
    },
  )

  it('a stage that only some members know is left alone when only members know it that are stopping', () => {
    const members = [member('a', { stages: plain }), member('b', { stages: longer, draining: true })]
    expect(assigned(members, longer)).toEqual({ a: ['ask/0', 'ask/1'], b: [] })
  })

  it('a stage that only some members know is not given to a member that knows no stage at all', () => {
    expect(assigned([member('a', { stages: new Map() })], longer)).toEqual({ a: [] })
  })
})

describe('a member that does not say what it knows', () => {
  it('a member that does not say what it knows is taken to know the stages of the leader', () => {
    const members = [member('a'), member('b', { stages: longer })]
    expect(assigned(members, longer)).toEqual({ a: ['ask/0', 'keep/0'], b: ['ask/1', 'keep/1'] })
    expect(assigned(members, plain)).toEqual({ a: ['ask/0'], b: ['ask/1', 'keep/0', 'keep/1'] })
  })

  it('a member that does not say what it knows is one whose data is of the format before stages were in it', () => {
    const data = '{"owned":{"ask":[1]},"draining":false}'
    expect(decodeMemberData(data)).toEqual({
      owned: [{ stage: 'ask', partition: 1 }],
      draining: false,
      stages: undefined,
    })
  })

  it('and a stage that cannot be read is as one that it does not know', () => {
    const data = '{"stages":{"ask":[2,1,"a"],"keep":"two","more":[1.5,1,"m"]}}'
    expect(decodeMemberData(data).stages).toEqual(plain)
  })
})

describe('a stage that members know differently', () => {
  const other = stages({ ask: [1, 'b'] })
  const wider = stages({ ask: [2, 'b'] })
  const tasks = ['ask/0', 'ask/1']

  it('a stage that members know differently goes to the version that reaches more topics, however few have it', () => {
    const members = [
      member('a', { stages: plain }),
      member('b', { stages: plain }),
      member('c', { stages: wider }),
    ]
    expect(assigned(members, plain)).toEqual({ a: [], b: [], c: tasks })
  })

  it('else to the version that most have, else to the one that runs more of it, whatever the order of members', () => {
    const [a, b, c] = [
      member('a', { stages: other }),
      member('b', { stages: plain }),
      member('c', { stages: other }),
    ]
    expect(assigned([a, b, c], plain)).toEqual({ a: ['ask/0'], b: [], c: ['ask/1'] })
    const owner = member('b', { stages: plain, owned: tasks })
    expect(assigned([a, owner], other)).toEqual({ a: [], b: tasks })
    expect(assigned([a, b], plain)).toEqual(assigned([b, a], plain))
  })
})
