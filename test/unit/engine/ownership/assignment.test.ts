/** The assigner: total, balanced, sticky, and the same whatever order it is given. */
import { describe, expect, it } from 'vitest'
import { type TaskId, taskKey } from '#core/record.ts'
import type { GroupMember } from '#engine/log/log.ts'
import { assignTasks, decodeMemberData, encodeMemberData } from '#engine/ownership/assignment.ts'
import { type Random, seededRandom } from '#testing/seeded-random.ts'

type Assignment = ReadonlyMap<string, readonly TaskId[]>

const tasksOf = (stages: Readonly<Record<string, number>>): TaskId[] =>
  Object.entries(stages).flatMap(([stage, count]) =>
    Array.from({ length: count }, (_, partition) => ({ stage, partition })),
  )

const memberOf = (member: string, owned: readonly TaskId[] = [], draining = false): GroupMember => ({
  member,
  data: encodeMemberData({ owned, draining }),
})

/** The members as they would join again after an assignment. */
const rejoining = (names: readonly string[], assignment: Assignment): GroupMember[] =>
  names.map(name => memberOf(name, assignment.get(name)))

const countsOf = (assignment: Assignment) => [...assignment.values()].map(tasks => tasks.length)

function ownersOf(assignment: Assignment): Map<string, string> {
  return new Map([...assignment].flatMap(([member, tasks]) => tasks.map(task => [taskKey(task), member])))
}

function movesBetween(before: Assignment, after: Assignment): number {
  const owners = ownersOf(before)
  return [...ownersOf(after)].filter(([task, member]) => owners.get(task) !== member).length
}

function spread(counts: readonly number[]): number {
  return Math.max(...counts) - Math.min(...counts)
}

function expectBalanced(assignment: Assignment, tasks: readonly TaskId[], context: string): void {
  const given = [...assignment.values()].flat().map(taskKey)
  expect(given.toSorted(), context).toEqual(tasks.map(taskKey).toSorted())
  expect(spread(countsOf(assignment)), context).toBeLessThanOrEqual(1)
  for (const name of new Set(tasks.map(({ stage }) => stage))) {
    const counts = [...assignment.values()].map(list => list.filter(({ stage }) => stage === name).length)
    expect(spread(counts), `${context}, stage ${name}`).toBeLessThanOrEqual(1)
  }
}

const below = (random: Random, limit: number) => Math.floor(random() * limit)

function randomTasks(random: Random, stagesMax: number): TaskId[] {
  const stages = Array.from({ length: 1 + below(random, stagesMax) }, (_, i) => [
    `s${i}`,
    1 + below(random, 16),
  ])
  return tasksOf(Object.fromEntries(stages))
}

describe('assignTasks', () => {
  it('assignTasks gives a single member everything, in order', () => {
    const tasks = tasksOf({ count: 2, score: 3 })
    expect(assignTasks([memberOf('a')], tasks.toReversed()).get('a')).toEqual(tasks)
  })

  it('assignTasks gives nothing where there is nobody or nothing', () => {
    expect(assignTasks([], tasksOf({ count: 2 })).size).toBe(0)
    expect([...assignTasks([memberOf('a')], [])]).toEqual([['a', []]])
  })

  it('assignTasks is total and balanced, overall and within each stage, whatever the members claim', () => {
    for (let seed = 1; seed <= 500; seed++) {
      const random = seededRandom(seed)
      const tasks = randomTasks(random, 6)
      const members = Array.from({ length: 1 + below(random, 8) }, (_, i) =>
        memberOf(
          `m${i}`,
          [...tasks, { stage: 'gone', partition: 1 }].filter(() => random() < 0.3),
        ),
      )
      expectBalanced(assignTasks(members, tasks), tasks, `seed ${seed}`)
    }
  })

  it('assignTasks does not depend on the order of members or tasks', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const random = seededRandom(seed)
      const tasks = randomTasks(random, 4)
      const members = ['c', 'a', 'd', 'b'].map(name =>
        memberOf(
          name,
          tasks.filter(() => random() < 0.4),
        ),
      )
      const sorted = (assignment: Assignment) => [...assignment].sort(([a], [b]) => (a < b ? -1 : 1))
      const expected = sorted(assignTasks(members, tasks))
      expect(sorted(assignTasks(members.toReversed(), tasks.toReversed()))).toEqual(expected)
    }
  })

  it('changes nothing when nothing changed', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = seededRandom(seed)
      const tasks = randomTasks(random, 6)
      const names = Array.from({ length: 1 + below(random, 8) }, (_, i) => `m${i}`)
      const before = assignTasks(
        names.map(name => memberOf(name)),
        tasks,
      )
      expect(assignTasks(rejoining(names, before), tasks), `seed ${seed}`).toEqual(before)
    }
  })

  it.each([
    [1, 0],
    [6, 2],
  ])(
    'assignTasks moves no more than it must when one joins or leaves: up to %i stages, %i more',
    (stagesMax, moreMax) => {
      for (let seed = 1; seed <= 400; seed++) {
        const random = seededRandom(seed)
        const tasks = randomTasks(random, stagesMax)
        let names = Array.from({ length: 2 + below(random, 5) }, (_, i) => `m${i}`)
        let before = assignTasks(rejoining(names, new Map()), tasks)
        for (let change = 0; change < 5; change++) {
          const leaving = names[below(random, names.length)] ?? ''
          const joins = random() < 0.5 || names.length === 1
          const joining = `${random() < 0.5 ? 'a' : 'z'}${change}`
          names = joins ? [...names, joining] : names.filter(name => name !== leaving)
          const after = assignTasks(rejoining(names, before), tasks)
          const context = `seed ${seed}, change ${change}`
          expectBalanced(after, tasks, context)
          const needed = (joins ? after.get(joining) : before.get(leaving))?.length ?? 0
          expect(movesBetween(before, after) - needed, context).toBeLessThanOrEqual(moreMax)
          before = after
        }
      }
    },
  )

  it('assignTasks gives draining members nothing, unless all drain', () => {
    const tasks = tasksOf({ count: 4 })
    const some = assignTasks([memberOf('a', tasks, true), memberOf('b'), memberOf('c')], tasks)
    expect([...some].map(([member, given]) => [member, given.length])).toEqual([
      ['a', 0],
      ['b', 2],
      ['c', 2],
    ])
    const all = assignTasks([memberOf('a', tasks, true), memberOf('b', [], true)], tasks)
    expect(countsOf(all)).toEqual([2, 2])
  })

  it('assignTasks counts the first by name when two claim a task', () => {
    const tasks = tasksOf({ count: 2 })
    const contested = tasks.slice(0, 1)
    const assignment = assignTasks([memberOf('b', contested), memberOf('a', contested)], tasks)
    expect(assignment.get('a')).toEqual(contested)
  })

  it.each(['', '{', 'null', '7', '{"owned":7}', '{"owned":{"count":["0",null,1.5]}}'])(
    'assignTasks takes unreadable data for nothing owned: %s',
    data => {
      const tasks = tasksOf({ count: 4 })
      const assignment = assignTasks([{ member: 'a', data }, memberOf('b', tasks.slice(2))], tasks)
      expect(assignment.get('a')).toEqual(tasks.slice(0, 2))
    },
  )

  it('assignTasks divides a thousand tasks among a hundred members at once', () => {
    const tasks = tasksOf({ a: 333, b: 333, c: 334 })
    const names = Array.from({ length: 100 }, (_, i) => `m${i}`)
    expectBalanced(assignTasks(rejoining(names, new Map()), tasks), tasks, 'large group')
  })
})

describe('member data', () => {
  it('member data comes back as written', () => {
    const data = { owned: tasksOf({ count: 2, score: 1 }), draining: true }
    expect(decodeMemberData(encodeMemberData(data))).toEqual(data)
    expect(decodeMemberData(encodeMemberData({ owned: [], draining: false }))).toEqual({
      owned: [],
      draining: false,
    })
  })
})
