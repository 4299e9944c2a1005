/** `GET /batch/{id}`: how many questions of a batch are answered. */
import { type Call, found, type Gateway, operation } from '../operation.ts'
import { orAway } from '../or-away.ts'
import { Problem } from '../problem.ts'
import { outcomeIn } from './so-far.ts'

const count = (description: string) => ({ type: 'integer', description }) as const

export const batchCounts = operation({
  name: 'batch_counts',
  summary: 'Tells how many questions of a batch are answered.',
  scope: 'read',
  input: {
    type: 'object',
    properties: {
      id: { type: 'string', minLength: 1, maxLength: 256, description: 'What POST /batch gave as batch_id.' },
    },
    required: ['id'],
    additionalProperties: false,
  },
  found: {
    type: 'object',
    properties: {
      batch_id: { type: 'string', description: 'Identity of the batch.' },
      accepted: count('Questions that the log holds.'),
      rejected: count('Items that had faults.'),
      delivered: count('Of the accepted: answered.'),
      failed: count('Of the accepted: given up, dead letters too.'),
      open: count('Of the accepted: under way.'),
      completed: {
        type: 'boolean',
        description: 'Whether each has its outcome. A dead letter has none until it is sent again.',
      },
    },
    required: ['batch_id', 'accepted', 'rejected', 'delivered', 'failed', 'open', 'completed'],
    additionalProperties: false,
  },
  problems: ['batch_unknown', 'store_unavailable'],
  async run(gateway, { id }, call) {
    const batch = await gateway.batches.get(call.caller.organization, id)
    if (!batch) return new Problem('batch_unknown', { detail: `No batch of yours is known as ${id}.` })
    const { tasks, rejected } = batch
    const states = await orAway(Promise.all(tasks.map(task => stateOf(gateway, task, call))))
    if (states instanceof Problem) return states
    const of = (state: State) => states.filter(each => each === state).length
    const [open, dead] = [of('open'), of('dead')]
    return found({
      ...{ batch_id: id, accepted: tasks.length, rejected },
      ...{ delivered: of('delivered'), failed: of('failed') + dead, open, completed: open + dead === 0 },
    })
  },
})

/** No outcome is reported of a question that is a dead letter, so it does not complete its batch. */
type State = 'delivered' | 'failed' | 'dead' | 'open'

/** Of what this gateway remembers, else of the database. Rejects with UNAVAILABLE while that is away. */
async function stateOf(gateway: Gateway, task: string, call: Call): Promise<State> {
  const { service, runs, answers, history } = gateway
  const { organization } = call.caller
  const outcome = service.outcomeNow(task)
  if (outcome) return outcome.status
  // A run that is remembered and has no outcome is under way: the database need not be asked.
  if (runs.underWay(organization, runs.get(organization, task)?.hash ?? '')?.id === task) return 'open'
  if (await answers?.get(organization, task)) return 'delivered'
  const stored = outcomeIn((await history?.of(organization, task)) ?? [])
  return stored?.kind === 'failed' ? 'failed' : 'open'
}
