/** Makes the tasks of a pod from the stages of its plan, and tracks which of them still hold their local copies. */
import { CaudalError } from '#core/errors.ts'
import type { TaskId } from '#core/record.ts'
import { compileStage, type StageProgram } from '#engine/record/stage-program.ts'
import type { StoreFactory } from '#engine/state/store.ts'
import { Task, type TaskOptions } from '#engine/task/task.ts'
import type { Plan } from '#topology/plan.ts'

export interface TaskFactoryOptions extends Pick<TaskOptions, 'pod' | 'onChanged' | 'onStaged' | 'onStuck'> {
  readonly plan: Plan
  readonly stores: StoreFactory
}

export class TaskFactory {
  readonly #options: TaskFactoryOptions
  readonly #programs: ReadonlyMap<string, StageProgram>
  /** By task name: resolves when the local copy of the latest task object is closed. */
  readonly #closing = new Map<string, Promise<void>>()
  /** Assigned stages of another version of the graph. Each is logged once. */
  readonly #unknown = new Set<string>()

  constructor(options: TaskFactoryOptions) {
    const { plan, pod } = options
    const { outlets, limits, system } = pod
    const { metrics } = pod.meter
    this.#options = options
    this.#programs = new Map(
      plan.stages.map(stage => [
        stage.name,
        compileStage(plan, stage, outlets, limits, system, metrics.stage(stage.name)),
      ]),
    )
  }

  /**
   * The tasks that this version of the graph has. A leader with an earlier version of the engine gives out all of its stages to
   * every pod. Unknown stages are left to pods that know them, and each is logged once.
   */
  known(tasks: readonly TaskId[]): TaskId[] {
    const { pod } = this.#options
    return tasks.filter(({ stage, partition }) => {
      const partitions = this.#programs.get(stage)?.stage.partitions ?? 0
      if (partition >= partitions && !this.#unknown.has(stage)) {
        this.#unknown.add(stage)
        pod.logger.warn('a stage of another version was assigned: its tasks are left to pods that have it', {
          stage,
        })
      }
      return partition < partitions
    })
  }

  /** Makes the task of this name, not yet opened. It opens its local copy after the task object before it has closed it. */
  make(name: string): Task {
    const slash = name.lastIndexOf('/')
    const id = { stage: name.slice(0, slash), partition: Number(name.slice(slash + 1)) }
    const program = this.#programs.get(id.stage)
    if (!program) throw new CaudalError('INTERNAL', { reason: `task ${name} is of no stage of the plan` })
    const { plan, pod, stores, onChanged, onStaged, onStuck } = this.#options
    const ready = this.#closing.get(name) ?? Promise.resolve()
    const task = new Task({ id, program, pod, stores, ready, plan, onChanged, onStaged, onStuck })
    const closed = ready.then(() => task.whenClosed)
    this.#closing.set(name, closed)
    return task
  }

  /** Resolves when every task that was made has closed its local copy. */
  async whenClosed(): Promise<void> {
    await Promise.allSettled(this.#closing.values())
  }
}
