/** What holds the flow up now, in one sentence: rules in the order in which a person would look. */
import { EVERYTHING } from '#answers/brakes.ts'
import type { ReportedProvider } from '#engine/client/pod-report.ts'
import type { BlockedTask, StageFlow } from './flow-figures.ts'

/** A pod as the rules see it. */
export interface FactPod {
  readonly name: string
  readonly isSilent: boolean
  readonly heardAgoMs: number
  /** Whether live pods report all of its tasks: its silence holds nothing up. */
  readonly isReplaced?: boolean
}

/** What the rules look at: figures of now. */
export interface BottleneckFacts {
  readonly pods: readonly FactPod[]
  readonly stages: readonly StageFlow[]
  readonly blocked: readonly BlockedTask[]
  readonly providers: readonly ReportedProvider[]
  /** Stores and their kin that are away, as the gateway sees them. */
  readonly away: readonly { readonly name: string; readonly reason: string }[]
  /** What may not be called now. */
  readonly brakes?: readonly { readonly scope: string; readonly reason: string }[]
  /** How many records wait in delay tiers: a record that a brake stops waits there. */
  readonly delayed?: number
  /** Stages that call a model. */
  readonly calling: readonly string[]
}

/** Which rule holds. Clients translate the sentence by this code. */
export type BottleneckCode = keyof typeof TEXTS

/** The answer to the question what holds the flow up. */
export interface Bottleneck {
  readonly code: BottleneckCode
  /** Where it is; absent where it is nowhere, or everywhere. */
  readonly stage?: string
  /** What the sentence names. */
  readonly values: Readonly<Record<string, string | number>>
  /** The sentence, in English. */
  readonly text: string
}

/** In braces, the names of values. */
const TEXTS = {
  no_pods: 'No pod runs: nothing is processed.',
  pods_silent: 'Pod {pod} has not reported for {seconds} s: its figures are old.',
  task_blocked: 'Task {task} is blocked: {reason}',
  braked: 'A brake on {scope} stops new calls: {reason}',
  provider_setup: '{stage} cannot call {provider} until a person acts: {reason}',
  provider_away: '{stage} waits for {provider}, which is not called for now: {reason}; {lag} behind it.',
  store_away: 'The {name} is away: {reason}. Answers go on.',
  dead_letters: '{stage} gives up {rate} records a second: they are dead letters.',
  provider_limit:
    '{stage} waits for its provider: limit {limit} of {max}, {inFlight} under way, {lag} behind it, {minutes} min at this rate.',
  stage_limit:
    '{stage} is at its limit of {limit} records in progress, {lag} behind it, {minutes} min at this rate.',
  stage_behind: '{stage} is behind: {lag} records wait, {minutes} min at this rate.',
  stage_still: '{stage} does not move: {lag} records wait, the oldest for {seconds} s.',
  flowing: 'Nothing holds the flow up: {rate} records a second come in.',
  idle: 'Nothing waits: everything that was asked is answered.',
} as const

/** A stage with less behind it than it does in this time is no bottleneck. */
const BEHIND_S = 10
/** As good as full. */
const FULL_SHARE = 0.95
/** A stage that starts nothing for so long, and has something to start, does not move. */
const STILL_MS = 5_000

type Rule = (facts: BottleneckFacts) => Omit<Bottleneck, 'text'> | undefined

/** Rules in this order: the first that holds is the sentence. */
const RULES: readonly Rule[] = [
  noPods,
  silentPod,
  blockedTask,
  wholeBrake,
  providerAway,
  storeAway,
  deadLetters,
  providerLimit,
  narrowBrake,
  stageLimit,
  stageStill,
  stageBehind,
  flowing,
  replacedPod,
]

/** The first rule that holds; `idle` where none does. */
export function bottleneckOf(facts: BottleneckFacts): Bottleneck {
  for (const rule of RULES) {
    const found = rule(facts)
    if (found) return { ...found, text: worded(found) }
  }
  return { code: 'idle', values: {}, text: TEXTS.idle }
}

const worded = ({ code, values }: Omit<Bottleneck, 'text'>): string =>
  TEXTS[code].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''))

function noPods({ pods }: BottleneckFacts) {
  return pods.length === 0 ? ({ code: 'no_pods', values: {} } as const) : undefined
}

function silentPod({ pods }: BottleneckFacts) {
  return silence(pods.find(({ isSilent, isReplaced }) => isSilent && !isReplaced))
}

/** The list keeps a pod that died for a day. Once other pods have its tasks, every other cause goes first. */
function replacedPod({ pods }: BottleneckFacts) {
  return silence(pods.find(({ isSilent }) => isSilent))
}

function silence(pod: FactPod | undefined) {
  if (!pod) return undefined
  const seconds = Math.round(pod.heardAgoMs / 1_000)
  return { code: 'pods_silent', values: { pod: pod.name, seconds } } as const
}

function blockedTask({ blocked: [first] }: BottleneckFacts) {
  if (!first) return undefined
  const stage = first.task.split('/')[0] ?? ''
  return { code: 'task_blocked', stage, values: { task: first.task, reason: first.reason } } as const
}

function wholeBrake({ brakes = [] }: BottleneckFacts) {
  return braked(brakes.find(({ scope }) => scope === EVERYTHING))
}

/** A brake on a part stops that part alone. Nobody knows whose records wait, so causes that are certain go first. */
function narrowBrake({ brakes: [first] = [], stages, delayed = 0 }: BottleneckFacts) {
  const isWaiting = delayed > 0 || stages.some(({ lag, inFlight }) => lag > 0 || inFlight > 0)
  return isWaiting ? braked(first) : undefined
}

const braked = (brake: NonNullable<BottleneckFacts['brakes']>[number] | undefined) =>
  brake && ({ code: 'braked', values: { scope: brake.scope, reason: brake.reason } } as const)

function providerAway({ providers, calling, stages }: BottleneckFacts) {
  const open = providers.find(({ breakerOpen }) => breakerOpen)
  // Another provider that takes calls does the work.
  if (!open || providers.some(({ breakerOpen }) => !breakerOpen)) return undefined
  const stage = calling[0] ?? ''
  const lag = stages.find(({ name }) => name === stage)?.lag ?? 0
  const reason = (open.breakerReason ?? '').replace(/\.$/, '')
  const values = { stage, provider: open.name, reason, lag }
  return { code: open.needsPerson ? 'provider_setup' : 'provider_away', stage, values } as const
}

function storeAway({ away: [first] }: BottleneckFacts) {
  return first && ({ code: 'store_away', values: { name: first.name, reason: first.reason } } as const)
}

function deadLetters({ stages }: BottleneckFacts) {
  const dying = stages.find(each => each.dying > 0)
  if (!dying) return undefined
  return {
    code: 'dead_letters',
    stage: dying.name,
    values: { stage: dying.name, rate: rounded(dying.dying) },
  } as const
}

function providerLimit({ stages, providers, calling }: BottleneckFacts) {
  const stage = furthestBehind(stages.filter(({ name }) => calling.includes(name)))
  const busy = providers.find(
    ({ waiting, inFlight, limit }) => waiting > 0 || (limit > 0 && inFlight >= limit * FULL_SHARE),
  )
  if (!stage || !busy || stage.lag <= stage.inFlight) return undefined
  const { limit, inFlight } = busy
  const values = { stage: stage.name, limit, max: stage.limit, inFlight, ...behind(stage) }
  return { code: 'provider_limit', stage: stage.name, values } as const
}

function stageLimit({ stages }: BottleneckFacts) {
  const full = stages.filter(each => each.limit > 0 && each.inFlight >= each.limit * FULL_SHARE)
  const stage = furthestBehind(full)
  if (!stage || stage.lag <= stage.inFlight) return undefined
  return {
    code: 'stage_limit',
    stage: stage.name,
    values: { stage: stage.name, limit: stage.limit, ...behind(stage) },
  } as const
}

function stageStill({ stages }: BottleneckFacts) {
  const still = stages.filter(each => each.in === 0 && each.lag > each.inFlight && each.oldestMs > STILL_MS)
  const stage = furthestBehind(still)
  if (!stage) return undefined
  const seconds = Math.round(stage.oldestMs / 1_000)
  return {
    code: 'stage_still',
    stage: stage.name,
    values: { stage: stage.name, lag: stage.lag, seconds },
  } as const
}

function stageBehind({ stages }: BottleneckFacts) {
  const late = stages.filter(({ catchUpS, lag, inFlight }) => (catchUpS ?? 0) > BEHIND_S && lag > inFlight)
  const stage = furthestBehind(late)
  return (
    stage &&
    ({ code: 'stage_behind', stage: stage.name, values: { stage: stage.name, ...behind(stage) } } as const)
  )
}

function flowing({ stages: [first, ...others] }: BottleneckFacts) {
  const works = [first, ...others].some(
    each => each && (each.lag > 0 || each.inFlight > 0 || (each.in ?? 0) > 0),
  )
  return works ? ({ code: 'flowing', values: { rate: rounded(first?.in ?? 0) } } as const) : undefined
}

function furthestBehind(stages: readonly StageFlow[]): StageFlow | undefined {
  return stages.reduce<StageFlow | undefined>(
    (worst, each) => (each.lag > 0 && (!worst || each.lag > worst.lag) ? each : worst),
    undefined,
  )
}

const behind = ({ lag, catchUpS }: StageFlow) => ({
  lag,
  minutes: catchUpS === null ? '?' : rounded(catchUpS / 60),
})

/** One digit behind the point below ten. */
const rounded = (value: number): number => (value < 10 ? Math.round(value * 10) / 10 : Math.round(value))
