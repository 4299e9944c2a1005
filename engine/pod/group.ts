/** A pod as a member of its application's group: what it reports to the leader, and what the leader assigns to it. */
import type { TaskId } from '#core/record.ts'
import type { Membership } from '#engine/log/log.ts'
import { encodeMemberData } from '#engine/ownership/assignment.ts'
import { isSamePod } from '#engine/ownership/incarnation.ts'
import { stageVersionsOf } from '#engine/ownership/stage-versions.ts'
import { assignVersions } from '#engine/ownership/version-assignment.ts'
import type { PodContext } from '#engine/record/pod-context.ts'
import type { Plan } from '#topology/plan.ts'
import { groupTopicsOf } from '#topology/plan-tasks.ts'

export interface GroupOptions {
  readonly plan: Plan
  readonly pod: PodContext
  /** The tasks that run here now. */
  readonly owned: () => TaskId[]
  /** The pod is leaving, and gets no more tasks. */
  readonly isDraining: () => boolean
  readonly onJoined: (generation: number, tasks: readonly TaskId[]) => void
  readonly onLost: (reason: string) => void
}

export class Group {
  membership: Membership | undefined
  readonly #options: GroupOptions

  constructor(options: GroupOptions) {
    this.#options = options
  }

  join(): void {
    const { plan, pod, owned, isDraining, onJoined, onLost } = this.#options
    const { application, incarnation, limits, log } = pod
    const stages = stageVersionsOf(plan)
    this.membership = log.joinGroup({
      group: application,
      member: incarnation,
      sessionTimeoutMs: limits.sessionTimeoutMs,
      hasEnded: member => isSamePod(incarnation, member),
      topics: groupTopicsOf(plan),
      memberData: () => encodeMemberData({ owned: owned(), draining: isDraining(), stages }),
      assign: members => assignVersions(members, stages),
      listener: {
        joined: (generation, tasks) => pod.enqueue(() => onJoined(generation, tasks)),
        lost: reason => pod.enqueue(() => onLost(reason)),
      },
    })
  }

  async leave(): Promise<void> {
    await this.membership?.leave()
  }
}
