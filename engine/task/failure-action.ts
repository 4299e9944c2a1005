/** What happens to a failed record: the answer of its operator's `onError`, else the action of the error's class. */
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

/** The action for a failed record. A record that has no attempt left becomes a dead letter. */
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
    // The engine does not await a promise from `onError`, so its rejection is dropped.
    if (isPending(answer)) answer.then(undefined, () => undefined)
    return refused('onError returned something that is no answer', { answer: String(answer) })
  } catch (thrown) {
    return refused('onError threw', { thrown })
  }
}

function isAnswer(answer: unknown): answer is FailureAnswer {
  return answer === 'retry' || answer === 'deadLetter' || answer === 'stop'
}
