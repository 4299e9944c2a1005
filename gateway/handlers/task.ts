/** `GET /task/{id}`: how far a run is, and what came of it. */
import { unlessAway } from '#core/unless-away.ts'
import type { Run } from '#pipelines/run-index.ts'
import type { TaskEvent } from '#stores/history.ts'
import { type Answer, type Call, found, type Gateway, operation } from '../operation.ts'
import { orAway } from '../or-away.ts'
import { Problem } from '../problem.ts'
import { refusal } from './asking.ts'
import { storedAnswer } from './finding.ts'
import { runFor, TASK_ID, unknownTask } from './runs.ts'
import { eventsSoFar, OPEN_STATES, outcomeIn, progressView } from './so-far.ts'
import { endIn, storedEndView, storedState } from './stored-end.ts'
import {
  ANSWER_FIELDS,
  EVENT,
  FAILURE_FIELDS,
  iso,
  outcomeView,
  RUN_FIELDS,
  runView,
  storedRunView,
  storedView,
} from './views.ts'
import { outcomeWithin, WAIT, waitMs } from './waiting.ts'

export const task = operation({
  name: 'task',
  summary: 'Tells how far a question is, and its answer once there is one.',
  scope: 'read',
  input: {
    type: 'object',
    properties: { id: TASK_ID, wait: WAIT },
    required: ['id'],
    additionalProperties: false,
  },
  found: {
    type: 'object',
    properties: {
      ...RUN_FIELDS,
      state: { type: 'string', enum: OPEN_STATES, description: 'How far it is.' },
      attempts: { type: 'array', items: EVENT, description: 'What was tried so far, while it is open.' },
      result: { type: 'object', properties: ANSWER_FIELDS, additionalProperties: false },
      ...FAILURE_FIELDS,
    },
    required: ['task_id', 'state'],
    additionalProperties: false,
  },
  problems: ['task_unknown', 'store_unavailable', 'stopping'],
  async run(gateway, { id, wait }, call) {
    const { service } = gateway
    const run = runFor(gateway, id, call)
    if (!run) return storedTask(gateway, id, call)
    try {
      const end = service.outcomeNow(run.id)
        ? undefined
        : endIn(await unlessAway(storedState(gateway, run.organization, run.id)))
      if (end) return found({ ...runView(run), ...storedEndView(end) })
      const outcome = await outcomeWithin(gateway, run.id, waitMs(wait), call)
      const progress = outcome ? outcomeView(outcome) : progressView(await progressOf(gateway, run, call))
      return found({ ...runView(run), ...progress })
    } catch (error) {
      call.signal.throwIfAborted()
      return refusal(error)
    }
  },
})

/** While the database is away, what the feed remembers. */
const progressOf = async (gateway: Gateway, { id, organization }: Run, call: Call) =>
  (await unlessAway(eventsSoFar(gateway, id, call))) ?? gateway.feed.recent(organization, id)

/** The outcomes of long ago are in the database alone. */
async function storedTask(gateway: Gateway, id: string, call: Call): Promise<Answer> {
  const answer = await orAway(storedAnswer(gateway, id, call))
  if (answer instanceof Problem) return answer
  if (answer) return found({ ...storedRunView(answer), state: 'delivered', result: storedView(answer) })
  const events = await orAway(gateway.history?.of(call.caller.organization, id) ?? Promise.resolve([]))
  if (events instanceof Problem) return events
  return events.length > 0 ? found(historyView(id, events)) : unknownTask(id)
}

/** Of a run without an answer. The history does not say which question it is in full: `id` is left out. */
function historyView(id: string, events: readonly TaskEvent[]): object {
  const outcome = outcomeIn(events)
  const accepted = events.find(({ kind }) => kind === 'accepted')
  const run = accepted && { ...accepted.detail, asked_at: iso(accepted.at) }
  const isFailed = outcome?.kind === 'failed'
  return {
    ...{ task_id: id, ...run },
    ...(isFailed ? storedEndView({ failure: outcome }) : progressView(events)),
  }
}
