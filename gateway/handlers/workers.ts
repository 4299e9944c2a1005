/** `GET /workers`: the pods that answer, as they report about themselves. */
import type { KnownPod } from '#admin/pods.ts'
import { found, operation } from '../operation.ts'
import { seesAll } from './acting.ts'
import { refusal } from './asking.ts'
import { iso } from './views.ts'

const text = (description: string) => ({ type: 'string', description }) as const
const whole = (description: string) => ({ type: 'integer', description }) as const

const TASK = {
  type: 'object',
  properties: {
    name: text('Stage and partition.'),
    phase: text('What it does: running, restoring, blocked and others.'),
    blocked_by: text('Why it is blocked, for callers who see every organisation; absent while it is not.'),
  },
  required: ['name', 'phase'],
  additionalProperties: false,
} as const

const STAGE = {
  type: 'object',
  properties: {
    stage: text('Name of the stage.'),
    in_flight: whole('Records that are begun and not completed.'),
    in_flight_max: whole('How many may be.'),
    lag: whole('Records that are not done.'),
    oldest_waiting_ms: whole('Age of the oldest record that waits.'),
  },
  required: ['stage', 'in_flight', 'in_flight_max', 'lag', 'oldest_waiting_ms'],
  additionalProperties: false,
} as const

/** One pod as a caller sees it. */
export const WORKER = {
  type: 'object',
  properties: {
    pod: text('Its name.'),
    version: text('Version of its program.'),
    phase: text('running, rebalancing and others.'),
    started_at: text('When it was started by its own clock, ISO 8601.'),
    tasks: { type: 'array', items: TASK },
    stages: { type: 'array', items: STAGE },
    in_flight: whole('Over all stages.'),
    lag: whole('Over all stages.'),
    commits: whole('Commits since its start.'),
    uncommitted_ms: whole('Age of its oldest effect that is not committed.'),
    heard_ago_ms: whole('Since its last report; reports come every 2 s.'),
    silent_since: text('Time of its last report, where that is more than 10 s ago: it died, or is cut off.'),
  },
  required: ['pod', 'version', 'phase', 'tasks', 'stages', 'in_flight', 'lag', 'heard_ago_ms'],
  additionalProperties: false,
} as const

export const workers = operation({
  name: 'workers',
  summary: 'Lists the pods with their tasks, what is in flight, and their lag.',
  scope: 'operate',
  input: { type: 'object', properties: {}, additionalProperties: false },
  found: {
    type: 'object',
    properties: {
      workers: {
        type: 'array',
        items: WORKER,
      },
    },
    required: ['workers'],
    additionalProperties: false,
  },
  problems: ['log_unavailable', 'stopping'],
  async run({ pods }, _, call) {
    try {
      return found({ workers: (await pods()).map(pod => workerView(pod, seesAll(call))) })
    } catch (error) {
      return refusal(error, 'Ask again.')
    }
  },
})

/** Why a task is blocked may quote a record of anybody. */
function workerView(pod: KnownPod, hasReasons: boolean): object {
  const stages = pod.stages.map(stage => ({
    stage: stage.stage,
    in_flight: stage.inFlight,
    in_flight_max: stage.inFlightMax,
    lag: stage.lag,
    oldest_waiting_ms: Math.round(stage.oldestWaitingMs),
  }))
  return {
    pod: pod.pod,
    version: pod.release,
    phase: pod.phase,
    started_at: iso(pod.startedAt),
    tasks: pod.tasks.map(({ name, phase, blockedBy }) => ({
      name,
      phase,
      ...(blockedBy !== undefined && { blocked_by: hasReasons ? blockedBy : 'The log of the pod says why.' }),
    })),
    stages,
    in_flight: stages.reduce((sum, stage) => sum + stage.in_flight, 0),
    lag: stages.reduce((sum, stage) => sum + stage.lag, 0),
    commits: pod.commits,
    uncommitted_ms: Math.round(pod.uncommittedAgeMs),
    heard_ago_ms: Math.round(pod.heardAgoMs),
    ...(pod.isSilent && { silent_since: iso(pod.at) }),
  }
}
