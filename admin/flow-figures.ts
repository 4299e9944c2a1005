/** What flows now: the figures of all pods added up by stage and by topic, and rates from two reports of each pod. */
import type { PodReport, ReportedProvider } from '#engine/client/pod-report.ts'
import type { FlowGraph } from './flow-graph.ts'

/** Two reports of one pod. The rates lie between them; without an earlier one there are none. */
export interface ReportPair {
  readonly last: PodReport
  readonly before: PodReport | undefined
}

/** The figures of one stage. Rates are records a second, between two reports of its pods. */
export interface StageFlow {
  readonly name: string
  /** Records a second, started and emitted; null while no two reports are there. */
  readonly in: number | null
  readonly out: number | null
  readonly inFlight: number
  readonly limit: number
  /** Records that are not done. */
  readonly lag: number
  /** Seconds until they are done at this rate; null where nothing moves, or nothing waits. */
  readonly catchUpS: number | null
  readonly oldestMs: number
  /** Shares of the time of its tasks; they add up to 1, or are all 0 where nothing is known. */
  readonly busy: number
  readonly held: number
  readonly idle: number
  /** Tasks that run it now. */
  readonly tasks: number
  /** Tasks that somebody has to see to. */
  readonly blocked: number
  /** Runs that failed, and records that became dead letters, a second. */
  readonly failing: number
  readonly dying: number
}

/** The records that came into one topic. */
export interface TopicFlow {
  readonly name: string
  /** Records a second that come to it; null where that is not known. */
  readonly perSecond: number | null
  /** Records that its slowest reader has not done; null where nobody reads it. */
  readonly waiting: number | null
}

/** A task that waits for a person, and why. */
export interface BlockedTask {
  readonly pod: string
  readonly task: string
  readonly reason: string
}

/** The flow through the whole graph. */
export interface FlowFigures {
  readonly stages: readonly StageFlow[]
  readonly topics: readonly TopicFlow[]
  readonly blocked: readonly BlockedTask[]
  readonly providers: readonly ReportedProvider[]
}

/** Adds up the figures of all pods that report. */
export function flowFigures(graph: FlowGraph, pairs: readonly ReportPair[]): FlowFigures {
  return {
    stages: graph.stages.map(({ name }) => stageFlow(name, pairs)),
    topics: graph.topics.map(({ name }) => topicFlow(name, graph, pairs)),
    blocked: pairs.flatMap(({ last }) =>
      last.tasks.flatMap(({ name, blockedBy }) =>
        blockedBy === undefined ? [] : [{ pod: last.pod, task: name, reason: blockedBy }],
      ),
    ),
    providers: providersOf(pairs),
  }
}

/** A second between two reports at least, and none over a restart of the pod. */
function secondsOf({ last, before }: ReportPair): number | undefined {
  if (!before || before.startedAt !== last.startedAt || last.at <= before.at) return undefined
  return (last.at - before.at) / 1_000
}

type Figure = 'recordsIn' | 'recordsOut' | 'failed' | 'dead' | 'busyMs' | 'backPressuredMs' | 'idleMs'

const countersOf = (report: PodReport | undefined, stage: string) =>
  report?.stages.find(each => each.stage === stage)?.counters

/** How much a counter grows in a second, over all pods; null where no pod tells. */
function rateOf(pairs: readonly ReportPair[], stage: string, figure: Figure): number | null {
  return summed(pairs, ({ last, before }) => {
    const now = countersOf(last, stage)?.[figure]
    return now === undefined ? undefined : now - (countersOf(before, stage)?.[figure] ?? 0)
  })
}

function summed(
  pairs: readonly ReportPair[],
  grown: (pair: ReportPair) => number | undefined,
): number | null {
  const rates = pairs.flatMap(pair => {
    const seconds = secondsOf(pair)
    const growth = grown(pair)
    return seconds === undefined || growth === undefined ? [] : [Math.max(0, growth) / seconds]
  })
  return rates.length === 0 ? null : rates.reduce((sum, rate) => sum + rate, 0)
}

function stageFlow(name: string, pairs: readonly ReportPair[]): StageFlow {
  const own = pairs.flatMap(({ last }) => last.stages.filter(({ stage }) => stage === name))
  const add = (figure: 'inFlight' | 'inFlightMax' | 'lag') => own.reduce((sum, each) => sum + each[figure], 0)
  const tasks = pairs.flatMap(({ last }) => last.tasks.filter(task => task.name.startsWith(`${name}/`)))
  const rate = (figure: Figure) => rateOf(pairs, name, figure)
  const [busy, held, idle] = sharesOf(rate('busyMs'), rate('backPressuredMs'), rate('idleMs'))
  const [into, lag] = [rate('recordsIn'), add('lag')]
  return {
    name,
    in: into,
    out: rate('recordsOut'),
    inFlight: add('inFlight'),
    limit: add('inFlightMax'),
    lag,
    catchUpS: lag > 0 && into !== null && into > 0 ? lag / into : null,
    oldestMs: Math.max(0, ...own.map(({ oldestWaitingMs }) => oldestWaitingMs)),
    ...{ busy, held, idle },
    tasks: tasks.length,
    blocked: tasks.filter(({ phase }) => phase === 'blocked').length,
    failing: rate('failed') ?? 0,
    dying: rate('dead') ?? 0,
  }
}

function sharesOf(...rates: readonly (number | null)[]): readonly [number, number, number] {
  const [busy = 0, held = 0, idle = 0] = rates.map(rate => rate ?? 0)
  const all = busy + held + idle
  return all === 0 ? [0, 0, 0] : [busy / all, held / all, idle / all]
}

function topicFlow(name: string, { edges }: FlowGraph, pairs: readonly ReportPair[]): TopicFlow {
  const lags = edges.flatMap(({ from, to, kind }) => {
    if (kind !== 'reads' || from !== name) return []
    const sources = pairs.flatMap(({ last }) => last.sources ?? [])
    return [
      sources.reduce((sum, each) => (each.stage === to && each.topic === name ? sum + each.lag : sum), 0),
    ]
  })
  return {
    name,
    perSecond: edges.some(({ to }) => to === name) ? writtenRate(name, pairs) : readRate(name, edges, pairs),
    waiting: lags.length === 0 ? null : Math.max(...lags),
  }
}

const writtenRate = (topic: string, pairs: readonly ReportPair[]) =>
  summed(pairs, ({ last, before }) =>
    last.written ? (last.written[topic] ?? 0) - (before?.written?.[topic] ?? 0) : undefined,
  )

/** What others write is known by how fast it is read. */
function readRate(topic: string, edges: FlowGraph['edges'], pairs: readonly ReportPair[]): number | null {
  const reader = edges.find(({ from, kind }) => from === topic && kind === 'reads')?.to
  return reader === undefined ? null : rateOf(pairs, reader, 'recordsIn')
}

/** A provider is one for all pods: their calls add up, and a breaker that is open anywhere shows. */
function providersOf(pairs: readonly ReportPair[]): readonly ReportedProvider[] {
  const found = new Map<string, ReportedProvider>()
  for (const each of pairs.flatMap(({ last }) => last.providers ?? [])) {
    const before = found.get(each.name)
    found.set(each.name, before ? together(before, each) : each)
  }
  return [...found.values()]
}

const together = (one: ReportedProvider, other: ReportedProvider): ReportedProvider => ({
  name: one.name,
  limit: one.limit + other.limit,
  inFlight: one.inFlight + other.inFlight,
  waiting: one.waiting + other.waiting,
  breakerOpen: one.breakerOpen || other.breakerOpen,
  breakerReason: one.breakerReason ?? other.breakerReason,
  needsPerson: one.needsPerson || other.needsPerson,
})
