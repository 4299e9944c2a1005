/**
 * One recorded question with other settings. It runs through the operators of the pipeline, and what they emit goes nowhere:
 * nothing is delivered, stored or announced.
 */
import type { BrakeTable } from '#answers/brakes.ts'
import { finalScore, type Scores } from '#answers/rubric.ts'
import type { TaskSettings } from '#answers/task-type.ts'
import { TOPICS } from '#answers/topics.ts'
import {
  type Generated,
  type LlmError,
  type LlmRequest,
  NOTHING_SPENT,
  type Scored,
  type TaskConfig,
} from '#answers/types.ts'
import type { Context } from '#core/context.ts'
import { CaudalError } from '#core/errors.ts'
import { silent } from '#core/loggers.ts'
import type { RecordOperator } from '#core/operator.ts'
import type { StoredAnswer } from '#stores/answers.ts'

/** What a recorded question is tried with. */
export interface TrialSetting {
  readonly generate: RecordOperator
  readonly score: RecordOperator
  /** The candidate as a change of its task type, and what it comes to. */
  readonly config: TaskConfig
  readonly settings: TaskSettings
  /** Whether the candidate asks with another prompt or model. Without, recorded answers are used. */
  readonly asksAgain: boolean
  readonly brakes: BrakeTable
  readonly now: number
  readonly signal: AbortSignal
  /** Begins the identity of each call. */
  readonly id: string
}

/** What the candidate came to. */
export interface Tried {
  readonly answer: string
  readonly model: string
  readonly scores: Scores
  readonly final: number
  readonly below_threshold: boolean
  /** Nothing where the price of a call is not known. What was recorded has its recorded price. */
  readonly cost_usd?: number | undefined
  /** What was recorded and not bought again. */
  readonly reused: 'answer' | 'verdict' | 'nothing'
}

/** The candidate's answer, or why there is none. `isBraked`: a person has stopped such calls. */
export type TrialOutcome = Tried | { readonly fault: string; readonly isBraked: boolean }

export async function tryQuestion(recorded: StoredAnswer, setting: TrialSetting): Promise<TrialOutcome> {
  const { answer, model, scores, costUsd: cost_usd } = recorded
  if (!setting.asksAgain) return judgedAs({ answer, model, scores, cost_usd, reused: 'answer' }, setting)
  const first = await through(setting.generate, requestOf(recorded), recorded.id, setting)
  const generated = first.generated
  if (!generated) return faultOf(first)
  const { attempt } = generated
  if (attempt.answer === answer)
    return judgedAs(
      { answer, model: attempt.model, scores, cost_usd: paidFor(generated), reused: 'verdict' },
      setting,
    )
  const second = await through(setting.score, generated, recorded.id, setting)
  const scored = second.scored
  if (!scored) return faultOf(second)
  const judged = scored.attempt
  return judgedAs(
    {
      answer: judged.answer,
      model: judged.model,
      scores: judged.scores,
      cost_usd: paidFor(scored),
      reused: 'nothing',
    },
    setting,
  )
}

const paidFor = ({ spent }: LlmRequest): number | undefined => spent.cost_usd ?? undefined

function judgedAs(
  tried: Omit<Tried, 'final' | 'below_threshold'>,
  { settings: { weights, threshold } }: TrialSetting,
): Tried {
  const final = finalScore(tried.scores, weights)
  return { ...tried, final, below_threshold: final < threshold }
}

function faultOf(emitted: Emitted): TrialOutcome {
  const failed = emitted.failed
  return failed
    ? { fault: failed.reason, isBraked: false }
    : { fault: 'a brake stops the call', isBraked: true }
}

/** The question as it was first asked. The reference of its judge is not stored with its answer. */
function requestOf(recorded: StoredAnswer): LlmRequest {
  return {
    id: recorded.id,
    task_type: recorded.taskType,
    title: recorded.title,
    content: recorded.content,
    organization_id: recorded.organization === '' ? undefined : recorded.organization,
    user_id: recorded.userId,
    asked_at: recorded.askedAt,
    error_attempts: 0,
    quality_attempts: 0,
    parked: 0,
    spent: NOTHING_SPENT,
    history: [],
  }
}

/** What the outputs of both operators are declared to hold. */
interface Emitted {
  readonly generated?: Generated
  readonly scored?: Scored
  readonly failed?: LlmError
}

/** Runs one operator, and resolves with what it emitted. */
async function through(
  operator: RecordOperator,
  value: LlmRequest,
  question: string,
  { config, brakes, now, signal, id }: TrialSetting,
): Promise<Emitted> {
  const emitted: unknown[][] = []
  const configs = { get: (name: string) => (name === config.task_type ? config : undefined) }
  const table = (name: string) => (name === TOPICS.brakes ? brakes : configs)
  const context: Context = {
    ...{ id: `${id}-${question}`, now, attempt: 1, key: null, signal, log: silent, table, state: {} },
    headers: { get: () => undefined },
    timers: { set: () => {}, cancel: () => {} },
    emit: (output, emission) => {
      emitted.push([output, emission])
    },
    step: (name, call) => call({ signal, id: `${id}-${question}-${name}`, table }),
    deadLetter: reason => {
      throw new CaudalError('REJECTED', { reason })
    },
  }
  await operator.process({ input: 'in', key: null, value, timestamp: now }, context)
  return Object.fromEntries(emitted)
}
