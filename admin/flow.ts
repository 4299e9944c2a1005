/** The flow of an application, watched from its pods' reports once for all who look, with the last 15 minutes. */
import type { System } from '#core/system.ts'
import { type PodReport, podsTopic, type ReportedProvider } from '#engine/client/pod-report.ts'
import type { Log } from '#engine/log/log.ts'
import type { Plan } from '#topology/plan.ts'
import { type Bottleneck, type BottleneckFacts, bottleneckOf } from './bottleneck.ts'
import {
  type BlockedTask,
  flowFigures,
  type ReportPair,
  type StageFlow,
  type TopicFlow,
} from './flow-figures.ts'
import { type FlowGraph, flowGraph } from './flow-graph.ts'
import { type KnownPod, PodWatch } from './pods.ts'

/** A pod as the flow shows it. */
export interface FlowPod {
  readonly name: string
  readonly phase: string
  readonly tasks: number
  readonly release: string
  readonly heardAgoMs: number
  readonly isSilent: boolean
}

/** One moment of the flow. */
export interface Flow {
  /** Milliseconds since the epoch, by this process. */
  readonly at: number
  /** Since a pod was last heard of; null where none ever was. */
  readonly heardAgoMs: number | null
  readonly pods: readonly FlowPod[]
  readonly stages: readonly StageFlow[]
  readonly topics: readonly TopicFlow[]
  /** How many records wait in each delay tier. */
  readonly tiers: readonly { readonly waitMs: number; readonly waiting: number }[]
  readonly blocked: readonly BlockedTask[]
  readonly providers: readonly ReportedProvider[]
  readonly bottleneck: Bottleneck
}

/** One point of the last minutes: questions a second that came in and were answered, and records that waited. */
export interface FlowPoint {
  readonly at: number
  /** Null where nothing was known: a line must not bridge it. */
  readonly in: number | null
  readonly out: number | null
  readonly waiting: number | null
}

/** The application that is watched, and what the gateway knows besides. */
export interface FlowOptions {
  readonly log: Log
  readonly plan: Plan
  readonly system: System
  /** Parts of the process that are away; it may fail. */
  readonly away?: () => Promise<BottleneckFacts['away']>
  readonly brakes?: () => NonNullable<BottleneckFacts['brakes']>
}

/** One moment, with what its sentence was made of. */
interface Looked {
  readonly flow: Flow
  readonly facts: BottleneckFacts
}

const TICK_MS = 1_000
const REASON_WITHHELD = 'the logs of the pods say why'
const POINTS_MAX = 900
/** Operators that call a model. */
const CALLING = ['generate', 'score']
/** The stage whose output is what people asked for. */
const DELIVERING = 'deliver'

/** Follows the reports of pods and gives the flow of now and of the last minutes. */
export class FlowWatch implements Disposable {
  readonly graph: FlowGraph
  readonly #options: FlowOptions
  readonly #pods: PodWatch
  readonly #pairs = new Map<string, ReportPair>()
  readonly #listeners = new Set<(flow: Flow) => void>()
  readonly #points: FlowPoint[] = []
  #away: BottleneckFacts['away'] = []
  #isAsking = false
  #cancel = () => {}
  #now: Looked | undefined

  constructor(options: FlowOptions) {
    this.#options = options
    this.graph = flowGraph(options.plan)
    this.#pods = new PodWatch(options.system)
  }

  /** Follows the reports. The topic is made where no pod has reported yet. */
  async start(): Promise<void> {
    const { log, plan } = this.#options
    const name = podsTopic(plan.application)
    await log.createTopics([{ name, partitions: 1, compacted: true, retentionMs: undefined }])
    await this.#pods.start(log, plan.application)
    this.#tick()
  }

  [Symbol.dispose](): void {
    this.#cancel()
    this.#pods.close()
    this.#listeners.clear()
  }

  get now(): Flow {
    return this.#looked.flow
  }

  /** The same for somebody who sees one organisation alone. Reasons that may quote what belongs to others are left out. */
  nowFor(mayKnow: (scope: string) => boolean): Flow {
    const { flow, facts } = this.#looked
    const blocked = flow.blocked.map(task => ({ ...task, reason: `the log of pod ${task.pod} says why` }))
    const providers = flow.providers.map(({ breakerReason, ...provider }) =>
      breakerReason === undefined ? provider : { ...provider, breakerReason: REASON_WITHHELD },
    )
    const brakes = facts.brakes?.filter(({ scope }) => mayKnow(scope)) ?? []
    const bottleneck = bottleneckOf({ ...facts, blocked, providers, brakes })
    return { ...flow, blocked, providers, bottleneck }
  }

  get #looked(): Looked {
    this.#now ??= this.#look()
    return this.#now
  }

  /** The last 15 minutes, a point a second. */
  get points(): readonly FlowPoint[] {
    return this.#points
  }

  get listeners(): number {
    return this.#listeners.size
  }

  /** Calls back each second; the returned function takes that back. */
  listen(listener: (flow: Flow) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #tick(): void {
    this.#cancel = this.#options.system.after(TICK_MS, () => this.#tick())
    this.#askAway()
    this.#now = this.#look()
    const { flow } = this.#now
    this.#points.push(pointOf(flow))
    if (this.#points.length > POINTS_MAX) this.#points.shift()
    for (const listener of this.#listeners) listener(flow)
  }

  /** One question at a time: what is slow to answer holds up no tick. */
  #askAway(): void {
    const { away } = this.#options
    if (!away || this.#isAsking) return
    this.#isAsking = true
    away()
      .then(
        found => {
          this.#away = found
        },
        () => undefined, // What cannot be asked is not known, and no sentence is made of it.
      )
      .finally(() => {
        this.#isAsking = false
      })
  }

  #look(): Looked {
    const { system, plan, brakes } = this.#options
    const pods = this.#pods.pods
    for (const pod of pods) this.#remember(pod)
    const live = pods.filter(({ isSilent }) => !isSilent)
    const pairs = live.flatMap(({ pod }) => this.#pairs.get(pod) ?? [])
    const figures = flowFigures(this.graph, pairs)
    const told = pods.map(({ pod, phase, tasks, release, heardAgoMs, isSilent }) => {
      return { name: pod, phase, tasks: tasks.length, release, heardAgoMs, isSilent }
    })
    const tiers = tiersOf(plan, pairs)
    const facts = {
      ...figures,
      pods: pods.map(pod => ({ ...pod, name: pod.pod, isReplaced: isReplaced(pod, live) })),
      delayed: tiers.reduce((sum, { waiting }) => sum + waiting, 0),
      away: this.#away,
      calling: this.#calling,
      brakes: brakes?.() ?? [],
    }
    const flow = {
      at: system.now(),
      heardAgoMs: told.length === 0 ? null : Math.min(...told.map(({ heardAgoMs }) => heardAgoMs)),
      pods: told,
      ...figures,
      tiers,
      bottleneck: bottleneckOf(facts),
    }
    return { flow, facts }
  }

  get #calling(): readonly string[] {
    return this.graph.stages.flatMap(({ name, operators }) =>
      operators.some(operator => CALLING.includes(operator)) ? [name] : [],
    )
  }

  #remember(report: PodReport): void {
    const known = this.#pairs.get(report.pod)
    if (known?.last.at === report.at) return
    this.#pairs.set(report.pod, { last: report, before: known?.last })
  }
}

/** Whether live pods report all tasks of a pod that is silent. */
function isReplaced({ isSilent, tasks }: KnownPod, live: readonly KnownPod[]): boolean {
  if (!isSilent || live.length === 0) return false
  const held = new Set(live.flatMap(pod => pod.tasks.map(({ name }) => name)))
  return tasks.every(({ name }) => held.has(name))
}

function tiersOf({ stages }: Plan, pairs: readonly ReportPair[]): Flow['tiers'] {
  const sources = pairs.flatMap(({ last }) => last.sources ?? [])
  return stages.flatMap(({ tiers }) =>
    tiers.map(({ topic, waitMs }) => ({
      waitMs,
      waiting: sources.reduce((sum, each) => (each.topic === topic ? sum + each.lag : sum), 0),
    })),
  )
}

function pointOf({ at, stages, pods }: Flow): FlowPoint {
  const isKnown = pods.some(({ isSilent }) => !isSilent)
  if (!isKnown) return { at, in: null, out: null, waiting: null }
  const delivering = stages.find(({ name }) => name === DELIVERING)
  return {
    at,
    in: stages[0]?.in ?? null,
    out: delivering?.in ?? null,
    waiting: stages.reduce((sum, { lag }) => sum + lag, 0),
  }
}
