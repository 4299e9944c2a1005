/** Divides the tasks among pods that may run different versions of the graph, as they do during a roll-out. */
import type { TaskId } from '#core/record.ts'
import type { GroupMember } from '#engine/log/log.ts'
import { assignTasks, decodeMemberData, type MemberData } from './assignment.ts'
import type { StageVersion, StageVersions } from './stage-versions.ts'

interface Known extends MemberData {
  readonly member: GroupMember
  readonly stages: StageVersions
}

/**
 * Every stage that any member knows is given out, to members that know it alike. If members know different versions of a stage,
 * only one version runs: the other version could not read what the first one stores. The rule that applies first decides:
 *
 * 1. the version that reaches the most topics, so that no record of any version stays unread
 * 2. the version that most members have
 * 3. the version that runs more tasks of the stage
 *
 * A stage that nobody knows is left alone: its state and positions stay as they are. Stages that the same members may run are
 * balanced together. A member that reports no stages knows those of `own`.
 */
export function assignVersions(members: readonly GroupMember[], own: StageVersions): Map<string, TaskId[]> {
  const decoded = members.map((member): Known => {
    const data = decodeMemberData(member.data)
    return { ...data, member, stages: data.stages ?? own }
  })
  const staying = decoded.filter(({ draining }) => !draining)
  const takers = staying.length > 0 ? staying : decoded
  const names = [...new Set(takers.flatMap(({ stages }) => [...stages.keys()]))].sort()
  const shares = names.map(name => shareOf(name, takers))
  const alike = Map.groupBy(shares, ({ among }) =>
    among
      .map(({ member }) => member.member)
      .sort()
      .join('\n'),
  )
  const assignment = new Map<string, TaskId[]>(members.map(({ member }) => [member, []]))
  for (const group of alike.values()) {
    const among = group[0]?.among.map(({ member }) => member) ?? []
    const given = assignTasks(
      among,
      group.flatMap(({ tasks }) => tasks),
    )
    for (const [member, tasks] of given) assignment.get(member)?.push(...tasks)
  }
  return assignment
}

interface Share {
  readonly tasks: readonly TaskId[]
  readonly among: readonly Known[]
}

interface Variant {
  readonly version: StageVersion
  readonly among: Known[]
}

function shareOf(stage: string, takers: readonly Known[]): Share {
  const variants = new Map<string, Variant>()
  for (const taker of takers) {
    const version = taker.stages.get(stage)
    if (!version) continue
    const variant = variants.get(version.digest)
    if (variant) variant.among.push(taker)
    else variants.set(version.digest, { version, among: [taker] })
  }
  const ranked = [...variants.values()].sort((a, b) => compareRanks(rankOf(b, stage), rankOf(a, stage)))
  const { version, among } = ranked[0] ?? { version: { partitions: 0 }, among: [] }
  return {
    tasks: Array.from({ length: version.partitions }, (_, partition) => ({ stage, partition })),
    among,
  }
}

/** The variant with the greatest rank runs the stage. The digest comes last, so that the order of members decides nothing. */
function rankOf({ version, among }: Variant, stage: string): readonly (number | string)[] {
  const owned = among.reduce((sum, { owned }) => sum + owned.filter(task => task.stage === stage).length, 0)
  return [version.reach, among.length, owned, version.digest]
}

function compareRanks(a: readonly (number | string)[], b: readonly (number | string)[]): number {
  const at = a.findIndex((value, index) => value !== b[index])
  return at < 0 ? 0 : (a[at] ?? 0) < (b[at] ?? 0) ? -1 : 1
}
