/**
 * A stage that consists of one operator. It uses the runtime's own parts, from decoding a record to placing its outputs. So an
 * operator alone meets the same checks and errors as in a pod.
 */
import { decodeApart, encodeApart } from '#core/codec.ts'
import { CaudalError } from '#core/errors.ts'
import { freezeDeeply } from '#core/frozen.ts'
import { resolveLimits } from '#core/limits.ts'
import type { Operator } from '#core/operator.ts'
import { StageMetrics } from '#core/pod-metrics.ts'
import type { LogRecord } from '#core/record.ts'
import { Outlets } from '#engine/commit/outlets.ts'
import { SourceProgress } from '#engine/commit/source-progress.ts'
import { RECORD_BYTES_MAX } from '#engine/log/log.ts'
import { eachAsWork } from '#engine/record/current-work.ts'
import type { Job } from '#engine/record/job.ts'
import type { RunServices } from '#engine/record/pod-context.ts'
import { RecordRun, type RunTask } from '#engine/record/record-run.ts'
import { SourceIntake } from '#engine/record/source-intake.ts'
import { SourceJob } from '#engine/record/source-job.ts'
import { compileStage, type ProgramNode, type StageProgram } from '#engine/record/stage-program.ts'
import { stepChunkBytesMaxOf, stepWrites } from '#engine/record/step-journal.ts'
import { TimerJob } from '#engine/record/timer-job.ts'
import { stateBytesMaxOf } from '#engine/state/layout.ts'
import type { Store } from '#engine/state/store.ts'
import { TaskState } from '#engine/state/task-state.ts'
import type { TableSnapshot } from '#engine/topics/global-table.ts'
import { plan } from '#topology/plan.ts'
import type { TopicNode, Topology } from '#topology/topology.ts'
import { misuse } from './misuse.ts'
import { type Place, within } from './place.ts'
import { placeOf, type World } from './world.ts'

const INPUT = 'input.'
const OUTPUT = 'output.'
/** Every output may be emitted with a time: which routes have a delay is the graph's business. */
const TIER_MS = 1

/** Values by table and key. */
export type Tables = Readonly<Record<string, Readonly<Record<string, unknown>>>>

export class LoneStage implements RunTask {
  readonly name: string
  readonly node: ProgramNode
  readonly pod: RunServices
  readonly state: TaskState
  readonly stateBytesMax = stateBytesMaxOf(RECORD_BYTES_MAX)
  readonly #world: World
  readonly #place: Place
  readonly #program: StageProgram
  readonly #tables: Tables

  constructor(operator: Operator, store: Store, world: World, tables: Tables) {
    this.#world = world
    this.#tables = tables
    this.#place = placeOf(world.time.systemFor('test'), () => true)
    this.state = new TaskState(store)
    const limits = resolveLimits()
    const planned = plan(graphOf(operator))
    const outlets = new Outlets(planned, RECORD_BYTES_MAX)
    const { system } = this.#place
    this.pod = {
      system,
      logger: world.loggerOf('test'),
      limits,
      outlets,
      // Nobody else can own a lone stage.
      gate: { whenOpen: () => undefined },
      tables: { snapshot: name => this.#snapshot(name) },
    }
    const stage = planned.stages.find(({ operators }) => operators.has(operator.name))
    if (!stage) throw new CaudalError('INTERNAL', { reason: `operator ${operator.name} has no stage` })
    this.#program = compileStage(planned, stage, outlets, limits, system, new StageMetrics())
    const node = this.#program.nodes.get(operator.name)
    if (!node) throw new CaudalError('INTERNAL', { reason: `operator ${operator.name} is not in its stage` })
    this.node = node
    this.name = `${operator.name}/0`
  }

  /** The job of a record that came by the input. */
  recordJob(input: string, record: LogRecord): Job {
    const place = { topic: `${INPUT}${input}`, partition: 0 }
    const unused = () => undefined // This intake never reads.
    const intake = new SourceIntake({
      place,
      entries: this.#program.entries.get(place.topic) ?? [],
      progress: new SourceProgress(0),
      log: this.#world.broker.connect(this.pod.system, 'test'),
      system: this.pod.system,
      limits: resolveLimits(),
      enqueue: unused,
      onFailed: unused,
    })
    return new SourceJob(intake, record)
  }

  /** The job of a timer that has fired. */
  timerJob(timer: string, key: string, due: number): Job {
    return new TimerJob(this.name, this.node, timer, key, due)
  }

  /** Runs the jobs side by side, and virtual time for as long as they take. The runs hold their effects. */
  async run(
    jobs: readonly Job[],
  ): Promise<readonly { readonly run: RecordRun; readonly failure: unknown }[]> {
    const ended = jobs.map(async job => {
      job.attempt += 1
      const run = new RecordRun(job, this, this.pod.system.now())
      try {
        await within(this.#place, () => eachAsWork(() => run.start()))
        return { run, failure: undefined }
      } catch (error) {
        return { run, failure: error ?? new CaudalError('HANDLER_FAILED', { reason: 'nothing was thrown' }) }
      } finally {
        run.end()
        job.finished = true
      }
    })
    return this.#world.time.settle(Promise.all(ended), Number.MAX_SAFE_INTEGER)
  }

  journal(job: Job, callId: string, value: Uint8Array): void {
    if (job.finished) return
    this.state.stage(stepWrites(callId, value, this.pod.system.now(), stepChunkBytesMaxOf(RECORD_BYTES_MAX)))
  }

  replayed(): void {}

  #snapshot(name: string): TableSnapshot<unknown> {
    const table = this.#tables[name] ?? {}
    const codec = this.node.operator.tables[name]
    const read = (row: unknown) =>
      codec && row !== undefined ? decodeApart(codec, encodeApart(codec, row)) : row
    return {
      get(key) {
        const row = read(table[key])
        freezeDeeply(row)
        return row
      },
      release: () => undefined,
    }
  }
}

/** The output that stands behind a topic of the stage. */
export function outputOf(topic: string): string {
  return topic.slice(OUTPUT.length)
}

function graphOf(operator: Operator): Topology {
  const { name, inputs, outputs, tables } = operator
  const routes = Object.keys(outputs).map(output => {
    const delay = { tiers: [TIER_MS] }
    return [output, [{ kind: 'topic', topic: OUTPUT + output, delay }]] as const
  })
  const origins = Object.keys(inputs).map(input => {
    return [input, [{ kind: 'topic', topic: INPUT + input }]] as const
  })
  return {
    name: 'lone',
    topics: [
      ...Object.entries(inputs).map(([input, codec]) => topicOf('source', INPUT + input, codec)),
      ...Object.entries(outputs).map(([output, codec]) => topicOf('topic', OUTPUT + output, codec)),
      ...Object.entries(tables).map(([table, codec]) => topicOf('table', table, codec)),
    ],
    operators: [
      {
        name,
        operator,
        inputs: Object.fromEntries(origins),
        routes: Object.fromEntries(routes),
        endsBecause: undefined,
        stage: undefined,
      },
    ],
    droppedState: [],
    renamedState: {},
  }
}

function topicOf(kind: TopicNode['kind'], name: string, codec: TopicNode['codec']): TopicNode {
  return {
    kind,
    name,
    codec,
    key: undefined,
    partitions: 1,
    retention: undefined,
    partitionedByKey: true,
  }
}

/** Refuses names that are not declared, before anything runs. */
export function checkNames(what: string, operator: Operator, given: object, declared: object): void {
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(declared, name)) continue
    const known = Object.keys(declared).join(', ') || 'none'
    throw misuse(`operator ${operator.name} declares no ${what} ${name}; it has: ${known}`)
  }
}
