/** What becomes of a record that failed: its operator's own answer, else the action of the error's class. */
import { type Action, actionOf } from '#core/errors.ts'
import type { FailureAnswer } from '#core/operator.ts'
import { isPending } from '#core/pending.ts'
import type { Job } from '#engine/record/job.ts'
import type { PodContext } from '#engine/record/pod-context.ts'
import { textOf } from '#engine/record/record-key.ts'
import type { ProgramNode } from '#engine/record/stage-program.ts'

interface FailingTask {
  readonly name: string
  readonly pod: Pick<PodContext, 'limits' | 'logger'>
}

/** A record that may not run again becomes a dead letter instead. */
export function failureAction(
  error: unknown,
  job: Job,
  node: ProgramNode | undefined,
  task: FailingTask,
): Action {
  const action = (node && answerOf(error, job, node, task)) ?? actionOf(error)
  return action === 'retry' && job.attempt >= task.pod.limits.retryAttempts ? 'deadLetter' : action
}

function answerOf(
  error: unknown,
  { attempt, key }: Job,
  { name, operator }: ProgramNode,
  task: FailingTask,
): FailureAnswer | undefined {
  const refused = (what: string, fields: object) => {
    task.pod.logger.error(`${what}; the error keeps its own action`, {
      task: task.name,
      node: name,
      ...fields,
    })
    return undefined
  }
  try {
    const answer: unknown = operator.onError({ error, attempt, key: textOf(key) })
    if (answer === undefined || isAnswer(answer)) return answer
    // Nobody waits for it: what it rejects with is nobody's.
    if (isPending(answer)) answer.then(undefined, () => undefined)
    return refused('onError gave what is no answer', { answer: String(answer) })
  } catch (thrown) {
    return refused('onError threw', { thrown })
  }
}

function isAnswer(answer: unknown): answer is FailureAnswer {
  return answer === 'retry' || answer === 'deadLetter' || answer === 'stop'
}
