/** `GET /in-progress`: what a stage works on now, the oldest first, and what each record waits for. */
import type { KnownPod } from '#admin/pods.ts'
import { found, operation } from '../operation.ts'
import { seesAll } from './acting.ts'
import { refusal } from './asking.ts'
import { boundTo } from './topics.ts'

const text = (description: string) => ({ type: 'string', description }) as const
const whole = (description: string) => ({ type: 'integer', description }) as const

const SHOWN_MAX = 100

/** One record in progress as a caller sees it. */
export const WORK = {
  type: 'object',
  properties: {
    id: text('Identity of the record.'),
    key: text('Its key; absent for a record without one.'),
    pod: text('Which pod has it.'),
    task: text('Stage and partition.'),
    operator: text('Where it is; absent while it waits for its next attempt.'),
    place: text('Where it comes from: topic/partition@offset, or the timer.'),
    attempt: whole('From 1.'),
    running_ms: whole('Since its first attempt began; absent where that is not known.'),
    waits_for: text(
      'call: an operator that calls outside. breaker: the same, while no provider of the pod takes calls. operator: an operator that makes no such call. commit: no call begins before the pod has committed. retry: its next attempt. unavailable: what cannot be read now. blocked: a person.',
    ),
    behind: whole('Records of the same key that wait behind it in its lane.'),
  },
  required: ['id', 'pod', 'task', 'place', 'attempt', 'waits_for', 'behind'],
  additionalProperties: false,
} as const

/** A provider as a pod calls it. */
export const PROVIDER = {
  type: 'object',
  properties: {
    pod: text('Which pod calls it.'),
    provider: text('Its name.'),
    in_flight: whole('Calls under way.'),
    limit: whole('How many may be.'),
    waiting: whole('Calls that wait for their turn.'),
    breaker: text('Why no calls are made; absent while they are.'),
  },
  required: ['pod', 'provider', 'in_flight', 'limit', 'waiting'],
  additionalProperties: false,
} as const

export const inProgress = operation({
  name: 'in_progress',
  summary: 'Lists what a stage works on now, the oldest first, and what each record waits for.',
  scope: 'operate',
  input: {
    type: 'object',
    properties: {
      stage: { type: 'string', minLength: 1, maxLength: 200, description: 'Of this stage alone.' },
    },
    additionalProperties: false,
  },
  found: {
    type: 'object',
    properties: {
      in_progress: whole('Records that are begun and not done, also those that are not listed.'),
      work: { type: 'array', items: WORK },
      providers: { type: 'array', items: PROVIDER },
      heard_ago_ms: whole('Age of the oldest report that this is from; reports come every 2 s.'),
    },
    required: ['in_progress', 'work', 'providers', 'heard_ago_ms'],
    additionalProperties: false,
  },
  problems: ['organization_bound', 'log_unavailable', 'stopping'],
  async run({ pods }, { stage }, call) {
    if (!seesAll(call)) return boundTo(call)
    try {
      // What a silent pod has begun may be with another one by now.
      const live = (await pods()).filter(({ isSilent }) => !isSilent)
      const isWanted = (name: string) => stage === undefined || name === stage
      const work = live.flatMap(pod => workOf(pod, isWanted))
      return found({
        in_progress: live
          .flatMap(({ stages }) => stages)
          .reduce((sum, each) => (isWanted(each.stage) ? sum + each.inFlight : sum), 0),
        work: work.sort((a, b) => (b.running_ms ?? 0) - (a.running_ms ?? 0)).slice(0, SHOWN_MAX),
        providers: live.flatMap(providersOf),
        heard_ago_ms: Math.round(Math.max(0, ...live.map(({ heardAgoMs }) => heardAgoMs))),
      })
    } catch (error) {
      return refusal(error, 'Ask again.')
    }
  },
})

/** Nothing of a pod whose program does not report it yet. */
function workOf(pod: KnownPod, isWanted: (stage: string) => boolean) {
  const { work = [], providers = [], heardAgoMs } = pod
  const isBroken = providers.length > 0 && providers.every(({ breakerOpen }) => breakerOpen)
  const blocked = new Set(pod.tasks.flatMap(({ name, blockedBy }) => (blockedBy === undefined ? [] : [name])))
  return work
    .filter(({ task }) => isWanted(task.slice(0, task.lastIndexOf('/'))))
    .map(({ ageMs, key, waitsFor, ...each }) => ({
      ...{ ...each, pod: pod.pod },
      ...(key !== null && { key }),
      ...(ageMs !== undefined && { running_ms: Math.round(ageMs + heardAgoMs) }),
      waits_for: blocked.has(each.task) ? 'blocked' : waitsFor === 'call' && isBroken ? 'breaker' : waitsFor,
    }))
}

const providersOf = ({ pod, providers = [] }: KnownPod): readonly object[] =>
  providers.map(({ name, inFlight, limit, waiting, breakerOpen, breakerReason }) => ({
    ...{ pod, provider: name, in_flight: inFlight, limit, waiting },
    ...(breakerOpen && { breaker: breakerReason ?? '' }),
  }))
