/** Divides the tasks of a group among its members: what the elected leader runs at each join. */
import { type TaskId, taskKey } from '#core/record.ts'
import type { GroupMember } from '#engine/log/log.ts'
import type { StageVersion, StageVersions } from './stage-versions.ts'

/** What a member reports to the leader. */
export interface MemberData {
  /** The tasks that it runs now. */
  readonly owned: readonly TaskId[]
  /** The member is stopping, and takes no task. */
  readonly draining: boolean
  /** The stages of its version of the graph. Without: it knows those of the leader, as pods did that could not say. */
  readonly stages?: StageVersions | undefined
}

export function encodeMemberData({ owned, draining, stages: known }: MemberData): string {
  const stages = [...Map.groupBy(owned, ({ stage }) => stage)]
  const partitions = stages.map(([stage, tasks]) => [stage, tasks.map(({ partition }) => partition)])
  const versions = [...(known ?? [])].map(([name, { partitions, reach, digest }]) => [
    name,
    [partitions, reach, digest],
  ])
  return JSON.stringify({
    owned: Object.fromEntries(partitions),
    draining,
    ...(known && { stages: Object.fromEntries(versions) }),
  })
}

/** Anything unreadable counts as nothing owned, so that one faulty member cannot stop the group. */
export function decodeMemberData(data: string): MemberData {
  const { owned, draining, stages } = parse(data)
  const tasks = Object.entries(objectOf(owned)).flatMap(([stage, partitions]) =>
    Array.isArray(partitions)
      ? partitions.filter(Number.isSafeInteger).map((partition: number) => ({ stage, partition }))
      : [],
  )
  return { owned: tasks, draining: draining === true, stages: stagesIn(stages) }
}

function stagesIn(stages: unknown): StageVersions | undefined {
  if (typeof stages !== 'object' || stages === null) return undefined
  const known = new Map<string, StageVersion>()
  for (const [name, version] of Object.entries(stages)) {
    if (!Array.isArray(version)) continue
    const [partitions, reach, digest] = version
    if (Number.isSafeInteger(partitions) && typeof reach === 'number' && typeof digest === 'string')
      known.set(name, { partitions, reach, digest })
  }
  return known
}

/**
 * A task is all source partitions of its number. So partitions that are read together stay together at every member.
 *
 * 1. How many tasks of each stage a member gets. Each member gets the even share of every stage, rounded down. What is left
 *    over of a stage goes out as single extras, preferably to members that own more than their share.
 * 2. Extras move until each stage has given out all of its own and no member has two more than another. A move prefers to
 *    leave tasks where they are. Every move makes the sums more even, so the moves end.
 * 3. Which tasks: those that a member owns already come first.
 *
 * An assignment that is balanced already stays as it is, because its extras are exactly the preferred ones.
 *
 * Members differ by at most one task overall, and by at most one within each stage. Everything is visited in sorted order,
 * so the result does not depend on the order of members or tasks. When one member joins or leaves, a single stage moves no more
 * tasks than it must. With several stages, one or two more tasks move in a few of a thousand cases.
 */
export function assignTasks(
  members: readonly GroupMember[],
  tasks: readonly TaskId[],
): Map<string, TaskId[]> {
  const assignment = new Map<string, TaskId[]>(members.map(({ member }) => [member, []]))
  const takers = takersOf(members)
  if (takers.length === 0) return assignment
  const stages = stagesOf(tasks, takers)
  const shares = sharesOf(stages, takers.length)
  stages.forEach((stage, row) => {
    const given = new Set<number>()
    const counts = shares[row] ?? []
    const kept = stage.owned.map((owned, i) => owned.slice(0, counts[i]))
    for (const partition of kept.flat()) given.add(partition)
    const rest = stage.partitions.filter(partition => !given.has(partition))
    takers.forEach((taker, i) => {
      const own = kept[i] ?? []
      const partitions = [...own, ...rest.splice(0, (counts[i] ?? 0) - own.length)].sort(ascending)
      assignment.get(taker.member)?.push(...partitions.map(partition => ({ stage: stage.name, partition })))
    })
  })
  return assignment
}

interface Taker {
  readonly member: string
  readonly owned: readonly TaskId[]
}

interface StageTasks {
  readonly name: string
  readonly partitions: readonly number[]
  /** By taker: the partitions that it owns, each owned once. */
  readonly owned: readonly (readonly number[])[]
}

function takersOf(members: readonly GroupMember[]): Taker[] {
  const decoded = members.map(({ member, data }) => ({ member, ...decodeMemberData(data) }))
  const staying = decoded.filter(({ draining }) => !draining)
  return (staying.length > 0 ? staying : decoded).sort((a, b) => (a.member < b.member ? -1 : 1))
}

/** Of several owners of one task the first by name counts. */
function stagesOf(tasks: readonly TaskId[], takers: readonly Taker[]): StageTasks[] {
  const owners = new Map<string, number>()
  takers.forEach(({ owned }, i) => {
    for (const task of owned) if (!owners.has(taskKey(task))) owners.set(taskKey(task), i)
  })
  const byStage = new Map<string, Set<number>>()
  for (const { stage, partition } of tasks) {
    byStage.set(stage, (byStage.get(stage) ?? new Set()).add(partition))
  }
  return [...byStage.keys()].sort().map(name => {
    const partitions = [...(byStage.get(name) ?? [])].sort(ascending)
    const ownerOf = (partition: number) => owners.get(taskKey({ stage: name, partition }))
    return { name, partitions, owned: takers.map((_, i) => partitions.filter(p => ownerOf(p) === i)) }
  })
}

/** How many tasks of each stage (row) each taker (column) gets. */
function sharesOf(stages: readonly StageTasks[], takers: number): number[][] {
  const extras = new Extras(stages, takers)
  extras.fitRows()
  extras.levelColumns()
  return extras.rows.map(({ share, has }) => has.map(extra => share + (extra ? 1 : 0)))
}

interface ExtrasRow {
  readonly share: number
  /** How many extras the stage has to give. */
  readonly count: number
  /** By taker: it owns more than its share, so that an extra keeps a task where it is. */
  readonly wanted: readonly boolean[]
  readonly has: boolean[]
}

/** Which takers get one task more than the share of a stage. */
class Extras {
  readonly rows: readonly ExtrasRow[]
  readonly #sums: number[]

  constructor(stages: readonly StageTasks[], takers: number) {
    this.rows = stages.map(({ partitions, owned }) => {
      const share = Math.floor(partitions.length / takers)
      const wanted = owned.map(({ length }) => length > share)
      return { share, count: partitions.length % takers, wanted, has: [...wanted] }
    })
    this.#sums = Array.from({ length: takers }, (_, i) => this.rows.filter(({ has }) => has[i]).length)
  }

  /** Each stage gives out exactly what it has. An extra is taken from the taker with most, and given to the one with least. */
  fitRows(): void {
    for (const row of this.rows) {
      for (let given = row.has.filter(Boolean).length; given > row.count; given--) {
        this.#set(
          row,
          this.#best(i => (row.has[i] ? this.#sum(i) : undefined)),
          false,
        )
      }
      for (let given = row.has.filter(Boolean).length; given < row.count; given++) {
        this.#set(
          row,
          this.#best(i => (row.has[i] ? undefined : -this.#sum(i))),
          true,
        )
      }
    }
  }

  /** Moves extras from the highest sum to the lowest. The higher taker has an extra in some stage where the other has none. */
  levelColumns(): void {
    for (;;) {
      const high = this.#best(i => this.#sum(i))
      const low = this.#best(i => -this.#sum(i))
      if (this.#sum(high) - this.#sum(low) <= 1) return
      const movable = this.rows.filter(({ has }) => has[high] && !has[low])
      const gain = ({ wanted }: ExtrasRow) => Number(wanted[low]) - Number(wanted[high])
      const [row] = movable.sort((a, b) => gain(b) - gain(a))
      if (!row) return
      this.#set(row, high, false)
      this.#set(row, low, true)
    }
  }

  #sum(taker: number): number {
    return this.#sums[taker] ?? 0
  }

  #set(row: ExtrasRow, taker: number, has: boolean): void {
    row.has[taker] = has
    this.#sums[taker] = this.#sum(taker) + (has ? 1 : -1)
  }

  /** The first taker with the highest score; `undefined` leaves one out. */
  #best(score: (taker: number) => number | undefined): number {
    let best = -1
    let bestScore = Number.NEGATIVE_INFINITY
    for (let i = 0; i < this.#sums.length; i++) {
      const current = score(i)
      if (current === undefined || current <= bestScore) continue
      best = i
      bestScore = current
    }
    return best
  }
}

function ascending(a: number, b: number): number {
  return a - b
}

function parse(data: string): Readonly<Record<string, unknown>> {
  try {
    return objectOf(JSON.parse(data))
  } catch (error) {
    if (error instanceof SyntaxError) return {}
    throw error
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
