/** The answer to the question in other words, where the semantic index has one that its guard lets through. */
import type { Prepared } from '#pipelines/answers-service.ts'
import type { Hit } from '#stores/semantic.ts'
import { type Answer, type Call, found, type Gateway } from '../operation.ts'
import { Problem } from '../problem.ts'
import { ask, prepared } from './asking.ts'
import { iso } from './views.ts'

/** Nothing where the question has to be asked. */
export async function similarAnswer(
  gateway: Gateway,
  question: Prepared,
  call: Call,
): Promise<Answer | undefined> {
  const hit = await similarHit(gateway, question, call)
  return hit && found(hitView(hit))
}

export async function similarHit(gateway: Gateway, question: Prepared, call: Call): Promise<Hit | undefined> {
  const { semantic } = gateway
  const nearest = await semantic?.nearest(call.caller.organization, question.intake, call)
  if (!semantic || nearest?.kind !== 'hit') return undefined
  if (semantic.isAudited(call.requestId)) audit(gateway, question, nearest, call)
  return nearest
}

function hitView({ similarity, answer }: Hit): object {
  return {
    ...{ hit: true, source: 'semantic', similarity },
    ...{ id: answer.questionHash, task_id: answer.id, question: answer.question, answer: answer.answer },
    ...(answer.structured !== undefined && { structured: JSON.parse(answer.structured) }),
    ...{ final: answer.final, below_threshold: answer.belowThreshold, model: answer.model },
    ...{ prompt_version: answer.promptVersion, cost_usd: answer.costUsd ?? null },
    delivered_at: iso(answer.deliveredAt),
  }
}

/** The caller waits for none of it; an audit that cannot be made is left out. */
function audit(gateway: Gateway, { intake }: Prepared, { answer }: Hit, call: Call): void {
  const { service, semantic } = gateway
  const { title, content, task_type } = intake
  const again = prepared(gateway, { title, content, task_type, best_answer: answer.answer }, call)
  if (again instanceof Problem) return
  const audited = async () => {
    const asked = await ask(gateway, again, { fresh: true })
    if (asked instanceof Problem) return
    const outcome = await service.outcome(asked.run.id)
    if (outcome.status === 'delivered') await semantic?.audited(task_type, outcome.delivered.scores.exactness)
  }
  audited().catch(() => undefined) // The gateway stops: the hit is not audited.
}
