/** The state of an operator under a key as the gateway shows it: as of the last commit, from the state topic. */
import type { System } from '#core/system.ts'
import type { Log } from '#engine/log/log.ts'
import type { SchemaRegistry } from '#schemas/avro/registry.ts'
import type { Plan } from '#topology/plan.ts'
import { type RecordView, RecordViews } from './record-views.ts'
import { entriesUnder, isOver } from './stored-state.ts'

export interface StateDeskOptions {
  readonly log: Log
  readonly plan: Plan
  readonly registry: SchemaRegistry
  readonly system: System
}

export interface StateEntry {
  /** `value`, `map`: of a state. `timer`: when it is due. */
  readonly kind: 'value' | 'map' | 'timer'
  /** Of the state or of the timer. */
  readonly state: string
  /** Within a map. */
  readonly name: string | undefined
  readonly isExpired: boolean
  /** How it stands in the state topic. */
  readonly record: RecordView
}

export class StateDesk {
  readonly #options: StateDeskOptions
  readonly #views: RecordViews

  constructor(options: StateDeskOptions) {
    this.#options = options
    this.#views = new RecordViews(options)
  }

  hasOperator(operator: string): boolean {
    return this.#options.plan.stages.some(({ operators }) => operators.has(operator))
  }

  /** Rejects as the log does, and with REJECTED if the graph has no such operator. */
  async under(operator: string, key: string): Promise<readonly StateEntry[]> {
    const { log, plan, system } = this.#options
    const { node, entries } = await entriesUnder(log, plan, { operator, key })
    return Promise.all(
      entries.map(async stored => {
        const { entry, record, partition } = stored
        const { view } = await this.#views.of(record, partition, { isState: true })
        return {
          kind: entry.kind,
          state: entry.kind === 'timer' ? entry.name : entry.state,
          name: entry.kind === 'map' ? entry.name : undefined,
          isExpired: isOver(stored, node, system.now()),
          record: view,
        }
      }),
    )
  }
}
