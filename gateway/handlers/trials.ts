/** `POST /trials`, `GET` and `DELETE /trials/{id}`: recorded questions tried with other settings before these are live. */
import { writeDown } from '#admin/audit.ts'
import { reasonFaults } from '#admin/brakes.ts'
import type { Audit, AuditedAction } from '#answers/audit.ts'
import { REASON_CHARACTERS_MAX } from '#answers/brakes.ts'
import { configFaults } from '#answers/task-type.ts'
import { TOPICS } from '#answers/topics.ts'
import type { TaskConfig } from '#answers/types.ts'
import type { TrialOrder } from '#pipelines/trials.ts'
import type { StoredAnswer } from '#stores/answers.ts'
import { type Answer, accepted, type Call, found, type Gateway, operation } from '../operation.ts'
import { orAway } from '../or-away.ts'
import { invalid, Problem } from '../problem.ts'
import type { InputFault } from '../schema.ts'
import { actingFor, actorOf, FOR_ORGANIZATION } from './acting.ts'
import { refusal } from './asking.ts'
import { timeOf } from './times.ts'
import { TRIAL, trialView } from './trial-views.ts'
import { TASK_TYPE } from './versions.ts'

/** Questions of one trial. */
export const QUESTIONS_MAX = 500
const PAIRS = 20

const REASON = {
  type: 'string',
  minLength: 1,
  maxLength: REASON_CHARACTERS_MAX,
  description: `Why, for ${TOPICS.audit}.`,
} as const
const ID = { type: 'string', maxLength: 300, description: 'Of the trial.' } as const
const prompt = (of: string) =>
  ({ type: 'string', maxLength: 100_000, description: `The ${of} prompt.` }) as const

const SAMPLE = {
  type: 'object',
  properties: {
    task_type: { ...TASK_TYPE, description: 'Of this task type.' },
    count: {
      type: 'integer',
      minimum: 1,
      maximum: QUESTIONS_MAX,
      description: 'How many, the newest first.',
    },
    organization: FOR_ORGANIZATION,
    since: { type: 'string', maxLength: 40, description: 'Delivered at this time or later, ISO 8601.' },
    below: { type: 'number', minimum: 0, maximum: 10, description: 'Scored lower than this.' },
    q: { type: 'string', minLength: 1, maxLength: 200, description: 'Occurs in question or answer.' },
  },
  required: ['task_type', 'count'],
  additionalProperties: false,
} as const

const CANDIDATE = {
  type: 'object',
  properties: {
    system: prompt('system'),
    user: prompt('user'),
    model: { type: 'string', minLength: 1, maxLength: 200, description: 'The model that answers.' },
    threshold: { type: 'number', minimum: 0, maximum: 10, description: 'From which an answer is delivered.' },
    weights: { description: 'Of every criterion, by its name.' },
  },
  additionalProperties: false,
} as const

const ESTIMATE = {
  estimate_usd: {
    description: 'At the recorded tokens of the questions, in US dollars; null where a price is not known.',
  },
  of: { type: 'integer', description: 'Questions that are tried.' },
} as const

export const trialStart = operation({
  name: 'trial_start',
  summary: 'Tries recorded questions with other settings, and delivers nothing.',
  scope: 'operate',
  input: {
    type: 'object',
    properties: {
      sample: SAMPLE,
      candidate: { ...CANDIDATE, description: 'What is other than live.' },
      ceiling_usd: {
        description: 'No call begins once so much is spent, in US dollars; null: however much it costs.',
      },
      reason: REASON,
      estimate_only: { type: 'boolean', description: 'Whether nothing is to begin yet.' },
    },
    required: ['sample', 'candidate', 'ceiling_usd', 'reason'],
    additionalProperties: false,
  },
  found: {
    type: 'object',
    properties: ESTIMATE,
    required: ['estimate_usd', 'of'],
    additionalProperties: false,
  },
  accepted: {
    type: 'object',
    properties: { id: ID, ...ESTIMATE },
    required: ['id', 'estimate_usd', 'of'],
    additionalProperties: false,
  },
  problems: [
    ...(['store_absent', 'store_unavailable', 'trial_running', 'trial_unpriced', 'task_unknown'] as const),
    ...(['log_unavailable', 'stopping'] as const),
  ],
  async run(gateway, input, call) {
    const { trials } = gateway
    if (!trials) return noTrials()
    const { ceiling_usd: ceilingUsd, estimate_only: estimateOnly = false, reason } = input
    const faults = faultsOf(input)
    if (faults.length > 0 || !isCeiling(ceilingUsd)) return invalid(faults)
    const acting = actingFor(call, input.sample.organization)
    if (acting instanceof Problem) return acting
    const config = await configOf(gateway, input)
    if (config instanceof Problem) return config
    const questions = await sampled(gateway, input.sample, acting)
    if (questions instanceof Problem) return questions
    const asksAgain = ['system', 'user', 'model'].some(name => name in input.candidate)
    const estimate = trials.estimateUsd({ questions, config, asksAgain })
    const told = { estimate_usd: estimate ?? null, of: questions.length }
    if (estimateOnly) return found(told)
    if (estimate === undefined && ceilingUsd !== null)
      return new Problem('trial_unpriced', {
        detail:
          'No ceiling can hold. Name the price of the model in LLM_PRICES, or send ceiling_usd as null.',
      })
    const { organization } = call.caller
    const details = { count: questions.length, ceiling_usd: ceilingUsd, candidate: input.candidate }
    const written = (id: string) =>
      noted(gateway, call, { action: 'trial_started', target: id, why: reason, details })
    return started(gateway, { organization, questions, config, asksAgain, ceilingUsd, written }, told)
  },
})

async function started({ trials }: Gateway, order: TrialOrder, told: object): Promise<Answer> {
  try {
    const trial = await orAway(trials?.start(order) ?? Promise.resolve(undefined))
    if (trial instanceof Problem) return trial
    if (!trial)
      return new Problem('trial_running', {
        detail: 'One runs at a time. Ask again when it has ended, or stop it.',
      })
    return accepted({ id: trial.id, ...told })
  } catch (error) {
    return refusal(error, 'The trial was not started. Ask again.')
  }
}

export const trialReading = operation({
  name: 'trial',
  summary: 'Shows what has come of a trial, the worst change first.',
  scope: 'read',
  input: {
    type: 'object',
    properties: {
      id: ID,
      limit: {
        type: 'string',
        pattern: '^\\d{1,3}$',
        description: `Pairs that are shown, 1 to ${QUESTIONS_MAX}.`,
      },
    },
    required: ['id'],
    additionalProperties: false,
  },
  found: TRIAL,
  problems: ['store_absent', 'store_unavailable', 'trial_unknown'],
  async run({ trials }, { id, limit: asked }, call) {
    if (!trials) return noTrials()
    const limit = asked === undefined ? PAIRS : Number(asked)
    if (limit < 1 || limit > QUESTIONS_MAX)
      return invalid([{ pointer: '/limit', reason: `must be from 1 to ${QUESTIONS_MAX}` }])
    const { organization } = call.caller
    const trial = await orAway(trials.get(organization, id))
    if (trial instanceof Problem) return trial
    if (!trial) return new Problem('trial_unknown')
    const pairs = await orAway(trials.pairs(organization, trial))
    return pairs instanceof Problem ? pairs : found(trialView(trial, pairs, limit))
  },
})

export const trialStop = operation({
  name: 'trial_stop',
  summary: 'Stops a trial that runs here. What it has bought stays.',
  scope: 'operate',
  input: {
    type: 'object',
    properties: { id: ID, reason: REASON },
    required: ['id', 'reason'],
    additionalProperties: false,
  },
  found: {
    type: 'object',
    properties: { stopped: { type: 'boolean', description: 'Whether it has run until now.' } },
    required: ['stopped'],
    additionalProperties: false,
  },
  problems: ['store_absent', 'store_unavailable', 'trial_unknown', 'log_unavailable', 'stopping'],
  async run(gateway, { id, reason }, call) {
    const { trials } = gateway
    if (!trials) return noTrials()
    const faults = blank(reason)
    if (faults.length > 0) return invalid(faults)
    const known = await orAway(trials.get(call.caller.organization, id))
    if (known instanceof Problem) return known
    if (!known) return new Problem('trial_unknown')
    const stopped = await trials.stop(call.caller.organization, id)
    try {
      if (stopped) await noted(gateway, call, { action: 'trial_stopped', target: id, why: reason })
    } catch (error) {
      return refusal(error, `The trial is stopped, and ${TOPICS.audit} does not have it.`)
    }
    return found({ stopped })
  },
})

const noTrials = () =>
  new Problem('store_absent', {
    detail: 'This gateway tries nothing: it needs a cache, and a model of its own.',
  })

const isCeiling = (value: unknown): value is number | null =>
  value === null || (typeof value === 'number' && Number.isFinite(value) && value >= 0)

const blank = (reason: string): readonly InputFault[] =>
  reasonFaults(reason).map(({ field, reason: why }) => ({ pointer: `/${field}`, reason: why }))

interface Input {
  readonly sample: Sample
  readonly candidate: Readonly<Record<string, unknown>>
  readonly ceiling_usd?: unknown
  readonly reason: string
}

interface Sample {
  readonly task_type: string
  readonly count: number
  readonly since?: string
  readonly below?: number
  readonly q?: string
}

function faultsOf({ sample, candidate, ceiling_usd, reason }: Input): readonly InputFault[] {
  const isBadTime = sample.since !== undefined && Number.isNaN(timeOf(sample.since))
  return [
    ...blank(reason),
    ...(isCeiling(ceiling_usd)
      ? []
      : [{ pointer: '/ceiling_usd', reason: 'must be a number of 0 or more, or null' }]),
    ...(isBadTime ? [{ pointer: '/sample/since', reason: 'must be a time of ISO 8601' }] : []),
    ...(Object.keys(candidate).length === 0
      ? [{ pointer: '/candidate', reason: 'must change something' }]
      : configFaults({ version: 1, ...candidate }).map(why => ({ pointer: '/candidate', reason: why }))),
  ]
}

/** What is live, with the candidate in its place. */
async function configOf({ versionDesk, trials }: Gateway, input: Input): Promise<TaskConfig | Problem> {
  const taskType = input.sample.task_type
  try {
    const live = await versionDesk?.texts.live(taskType)
    const known = live === undefined ? undefined : await versionDesk?.texts.changeFor(taskType, live)
    const now = typeof known?.found === 'object' ? known.found.config : undefined
    const config = { version: 1, ...now, ...input.candidate, task_type: taskType }
    return trials?.settings(config)
      ? config
      : invalid([{ pointer: '/sample/task_type', reason: 'must be a task type that is known here' }])
  } catch (error) {
    return refusal(error, 'Ask again.')
  }
}

/** Of one organisation, each question once, as it was answered last. */
async function sampled(
  { answers }: Gateway,
  { task_type: taskType, count, since, below, q: text }: Sample,
  { caller }: Call,
): Promise<readonly StoredAnswer[] | Problem> {
  if (!answers) return new Problem('store_absent', { detail: 'No answers are kept: set DATABASE_URL.' })
  const from = since === undefined ? undefined : timeOf(since)
  const wanted = { taskType, since: from, below, text, limit: count }
  const page = await orAway(answers.page(caller.organization, wanted))
  if (page instanceof Problem) return page
  const newest = new Map<string, StoredAnswer>()
  for (const each of page) if (!newest.has(each.questionHash)) newest.set(each.questionHash, each)
  return newest.size > 0
    ? [...newest.values()]
    : invalid([{ pointer: '/sample', reason: 'must fit an answer that was delivered' }])
}

async function noted(
  { brakes, system }: Gateway,
  call: Call,
  change: { readonly action: AuditedAction } & Pick<Audit, 'target' | 'why' | 'details'>,
): Promise<void> {
  if (brakes) await writeDown(brakes.log, { ...actorOf(call), at: system.now(), ...change })
}
