/** Where the wall clock may be read: for time stamps, due times and times to live, each place with its reason. */
import { isUnder, perFile, type Rule } from './rule.ts'
import type { SourceFile } from './source.ts'

interface Allowed {
  readonly path: string
  /** Calls of `now()` in it; a folder has as many as it likes. */
  readonly reads: number
  readonly because: string
}

const IN_MANY = Number.POSITIVE_INFINITY

const WALL_TIME: readonly Allowed[] = [
  { path: 'core/system.ts', reads: 2, because: 'it is the clocks, both' },
  {
    path: 'testing',
    reads: IN_MANY,
    because: 'virtual time is the true time of its world, and pods stamp with it',
  },
  // Time stamps, which others read.
  { path: 'pipelines/answers-service.ts', reads: 3, because: 'the time stamps and the ids of records' },
  {
    path: 'pipelines/trials.ts',
    reads: 4,
    because: 'when a trial was last said to run, which the next gateway reads',
  },
  { path: 'gateway/handlers/trials.ts', reads: 1, because: 'when a trial was begun or stopped' },
  { path: 'pipelines/event-feed.ts', reads: 1, because: 'which runs were asked since, by their time stamps' },
  { path: 'pipelines/joins.ts', reads: 1, because: 'the time stamp of records' },
  { path: 'pipelines/token-topic.ts', reads: 1, because: 'the time stamp of records' },
  {
    path: 'gateway/handlers/chat.ts',
    reads: 2,
    because: 'when a completion was made',
  },
  { path: 'gateway/handlers/chat-asking.ts', reads: 1, because: 'the age of a run by its time stamp' },
  { path: 'gateway/grpc/llm-service.ts', reads: 2, because: 'the library gives deadlines by the wall clock' },
  {
    path: 'admin/state-desk.ts',
    reads: 1,
    because: 'which entries have expired, by the wall time of their writing',
  },
  { path: 'admin/brakes.ts', reads: 4, because: 'since when a brake is set, and whether its time is over' },
  {
    path: 'admin/replays.ts',
    reads: 4,
    because: 'when a replay was begun, and the age of a preview, for people',
  },
  { path: 'cli/commands/brake.ts', reads: 2, because: 'when a brake ends, and which brakes are over' },
  { path: 'gateway/handlers/brakes.ts', reads: 1, because: 'whether the end of a brake is over' },
  {
    path: 'gateway/handlers/failures.ts',
    reads: 2,
    because: 'how many failures are of late, by their time stamps',
  },
  { path: 'gateway/health.ts', reads: 1, because: 'since when a part is as it is, for people' },
  { path: 'engine/client/replay.ts', reads: 1, because: 'the time stamp of records that are sent again' },
  {
    path: 'engine/client/dead-letters.ts',
    reads: 1,
    because: 'the time stamp of records that are sent again',
  },
  { path: 'engine/client/run.ts', reads: 1, because: 'the time stamp of records that are sent again' },
  { path: 'console/clock.ts', reads: 1, because: 'ages and times that people read' },
  { path: 'admin/flow.ts', reads: 1, because: 'when a picture of the flow was made, for people' },
  { path: 'gateway/handlers/costs.ts', reads: 1, because: 'the end of a range of time stamps' },
  { path: 'gateway/handlers/versions.ts', reads: 1, because: 'the end of a range of time stamps' },
  { path: 'admin/pods.ts', reads: 2, because: 'the age of a report of another process' },
  { path: 'engine/client/pod-reporting.ts', reads: 3, because: 'time stamps that other processes read' },
  { path: 'load/log-target.ts', reads: 1, because: 'the time stamp of a record' },
  {
    path: 'cli/commands/load.ts',
    reads: 2,
    because: 'the id of a run, and when a report was finished',
  },
  { path: 'cli/events/feed.ts', reads: 1, because: 'the time stamp of a record' },
  { path: 'cli/commands/key.ts', reads: 1, because: 'when a key was made, for people' },
  { path: 'gateway/rates.ts', reads: 2, because: 'which day it is' },
  { path: 'admin/gateway-roster.ts', reads: 1, because: 'the time stamp of a record' },
  { path: 'gateway/sessions.ts', reads: 3, because: 'when a session was used last, for any gateway' },
  { path: 'cli/logger.ts', reads: 1, because: 'the time of a log line' },
  { path: 'observability/traces/traces.ts', reads: 1, because: 'the times of spans' },
  { path: 'observability/logs/line-log.ts', reads: 1, because: 'the time of a log line' },
  {
    path: 'webhooks/http-caller.ts',
    reads: 2,
    because: 'the time stamps of an attempt, which its receiver checks',
  },
  { path: 'cli/commands/webhook.ts', reads: 2, because: 'time stamps of messages' },
  { path: 'admin/rebuild.ts', reads: 1, because: 'the age of events, which other processes stamped' },
  { path: 'admin/task-configs.ts', reads: 1, because: 'the time stamp of a record' },
  { path: 'admin/reasoned-replay.ts', reads: 1, because: 'the time stamp of a record' },
  {
    path: 'engine/log/embedded/embedded-log.ts',
    reads: 1,
    because: 'when a record was appended, for retention',
  },
  { path: 'engine/log/kafka/kafka-log.ts', reads: 1, because: 'part of an id that is never used again' },
  {
    path: 'engine/log/simulated/partition.ts',
    reads: 1,
    because: 'when a batch was appended, for retention',
  },
  { path: 'engine/commit/committer.ts', reads: 1, because: 'the time stamp of records of state' },
  { path: 'engine/task/dead-letter-output.ts', reads: 1, because: 'when a record was given up' },
  {
    path: 'engine/ownership/incarnation.ts',
    reads: 1,
    because: 'when a pod was started, in its name: who came later',
  },
  { path: 'engine/pod/gauges.ts', reads: 1, because: 'the age of a record by its time stamp' },
  { path: 'engine/ownership/protocol.ts', reads: 2, because: 'the time stamps of markers and releases' },
  { path: 'engine/pod/preparation.ts', reads: 1, because: 'the time stamp of a record' },
  { path: 'engine/client/topic-client.ts', reads: 1, because: 'the time stamp of a record' },
  { path: 'models/simulated/server.ts', reads: 1, because: 'when a completion was created' },
  { path: 'schemas/avro/embedded-registry.ts', reads: 1, because: 'the time stamp of a record' },
  // Due times and times to live: they are compared with what was stored by an earlier process, or by another machine.
  { path: 'stores/sqlite/history.ts', reads: 1, because: 'the age of events on disk' },
  { path: 'stores/postgres/history.ts', reads: 1, because: 'the age of events, and the day of a partition' },
  {
    path: 'stores/lmdb/cache.ts',
    reads: 4,
    because: 'whether an entry has outlived its time, over restarts',
  },
  { path: 'cli/commands/state.ts', reads: 1, because: 'whether an entry has outlived its time' },
  { path: 'engine/log/embedded/compaction.ts', reads: 1, because: 'the age of tombstones on disk' },
  { path: 'engine/log/embedded/upkeep.ts', reads: 1, because: 'the age of records on disk' },
  { path: 'engine/log/simulated/topics.ts', reads: 1, because: 'the age of records' },
  {
    path: 'engine/record/delay-job.ts',
    reads: 1,
    because: 'when a record entered its tier was written by another process',
  },
  { path: 'engine/pod/inbox.ts', reads: 1, because: 'how far the next timer is away' },
  { path: 'engine/pod/turns.ts', reads: 1, because: 'which timers were due when a step began' },
  {
    path: 'engine/pod/stall.ts',
    reads: 1,
    because: 'the monotonic clock may pause while a machine sleeps',
  },
  { path: 'engine/task/given-up-jobs.ts', reads: 1, because: '`ctx.now` of the last effects of a record' },
  { path: 'engine/task/sweep.ts', reads: 1, because: 'the age of entries' },
  {
    path: 'engine/task/task-work.ts',
    reads: 3,
    because: 'which timers are due, and `ctx.now` of records',
  },
  {
    path: 'engine/state/lmdb-file.ts',
    reads: 1,
    because: 'when a copy on disk was last in touch, over restarts',
  },
  {
    path: 'engine/state/lmdb-store.ts',
    reads: 1,
    because: 'how long a copy on disk was out of touch, over restarts',
  },
  { path: 'models/openai.ts', reads: 1, because: 'Retry-After may be a date' },
  { path: 'models/openai-embeddings.ts', reads: 1, because: 'Retry-After may be a date' },
  {
    path: 'stores/semantic/topic-index.ts',
    reads: 2,
    because: 'the time to live of an answer is counted from its delivery; and the time stamp of a record',
  },
]

/** A read of the wall clock: `now()` of whatever has one. */
function readsOf(file: SourceFile): number[] {
  const offsets: number[] = []
  file.visit({
    CallExpression: ({ callee, start, arguments: given }) => {
      if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return
      if (callee.property.name === 'now' && given.length === 0) offsets.push(start)
    },
  })
  return offsets
}

export const CLOCK_RULES: readonly Rule[] = [
  {
    name: 'wall-time',
    because: 'a wall clock steps: a wait that is measured by it ends an hour late, or at once',
    instead:
      'use `monotonic()` for durations and for waiting; for a time stamp, a due time or a time to live add the place to WALL_TIME, with the reason',
    check: tree => {
      const places = WALL_TIME.filter(({ path }) => tree.sources.some(file => isUnder(file.path, [path])))
      const idle = places.filter(({ path, reads }) => {
        const found = tree.sources.filter(file => isUnder(file.path, [path])).flatMap(readsOf)
        return found.length < (reads === IN_MANY ? 1 : reads)
      })
      const unneeded = idle.map(({ path }) => ({
        path,
        line: 1,
        what: 'fewer reads of the wall clock than WALL_TIME allows',
      }))
      const unargued = perFile(
        file => file.isProduct,
        (file, report) => {
          const allowed = WALL_TIME.find(({ path }) => isUnder(file.path, [path]))?.reads ?? 0
          const reads = readsOf(file)
          if (reads.length > allowed)
            for (const offset of reads)
              report(offset, `the wall clock is read ${reads.length} times, ${allowed} are allowed`)
        },
      )(tree)
      return [...unneeded, ...unargued]
    },
    breach: {
      'engine/pod/back-off.ts':
        '/** A pause. */\nexport const isOver = (system: { now(): number }, until: number) => system.now() >= until\n',
    },
  },
]
