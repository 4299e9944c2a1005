/**
 * The error catalogue. A code says what happens next; codes are never reused, and docs/errors.md has a line for each
 * (checked by test/unit/docs.test.ts). `actionOf` classifies every other error as well.
 */

/**
 * What the runtime does:
 * - `retry`: run the record again in its lane, at most three attempts within about a second, then dead letter
 * - `wait`: the record runs again, as if for the first time, once what it needs is there; its task starts no other meanwhile
 * - `deadLetter`: the record goes to the dead letters with its original bytes; the rest goes on
 * - `releaseTask`: the task is dropped and restarted from its last commit
 * - `blockTask`: the task is blocked at its position until its pod is restarted; all other tasks go on
 * - `restartPod`: the pod stops uncleanly and the process ends; its supervisor starts it again
 * - `stop`: the pod stops; a person must act
 */
export type Action = 'retry' | 'wait' | 'deadLetter' | 'releaseTask' | 'blockTask' | 'restartPod' | 'stop'

/** Code to action and message template. A message says what happened, then what to do. */
export const CATALOGUE = {
  TOPOLOGY_INVALID: ['stop', 'the topology has faults:\n{faults}'],
  CONFIGURATION_INVALID: ['stop', 'the configuration has faults:\n{faults}'],
  TOPIC_MISSING: ['stop', 'topic {topic} does not exist; create it or let the engine do so'],
  TOPIC_SHARED: [
    'stop',
    'topics between stages belong to one application:\n{faults}\nSet TOPIC_PREFIX or rename the topics; where that application is gone for good, delete its topology topic',
  ],
  TOPIC_REPLACED: [
    'blockTask',
    "topic {topic} was deleted and made again: what was read has id {known}, the present topic has id {found}, and nothing of it is read. Say where to begin: adoptTopics: { '{found}': 'start' } (ADOPT_TOPICS={found}=start), or 'position' if the offsets of the earlier topic still hold. Then restart the pod",
  ],
  TOPIC_DELETED: [
    'blockTask',
    'topic {topic} does not exist any more; create the topic again and restart the pod, which then asks where to begin (TOPIC_REPLACED)',
  ],
  STATE_LOST: [
    'stop',
    'state topic {topic} was deleted under the running application, and with it the positions and the state of stage {stage}. Restore the topic from a copy, or start again: the stage then begins without state at the start of its sources',
  ],
  SOURCE_UNDECIDED: [
    'stop',
    'sources hold records that other applications read:\n{faults}\nSet sourcesFrom (SOURCE_FROM): start reads all records, end only new ones',
  ],
  TOPIC_MISMATCH: ['stop', 'topics differ from the topology:\n{faults}'],
  TOPOLOGY_CHANGED: ['stop', 'the topology would lose what its earlier version has stored:\n{faults}'],
  STATE_UNOWNED: [
    'stop',
    'stage {stage} has stored state that no operator owns: {names}; rename or drop it explicitly',
  ],
  STATE_NEWER: [
    'stop',
    'task {task} has state of format {format}, this version reads up to {known}; run the newer version',
  ],
  STATE_UNREADABLE: ['deadLetter', 'node {node}: stored state {state} is not {codec}: {reason}'],
  STORE_FAILED: ['releaseTask', 'the local copy of task {task} at {path} failed: {reason}'],
  CHECKPOINT_LOST: [
    'blockTask',
    'task {task}: the checkpoint needs {topic}/{partition} from offset {offset}, the topic {extent}; nothing was skipped, see docs/errors.md',
  ],
  DECODE_FAILED: ['deadLetter', 'node {node}: {topic}/{partition}@{offset} is not {codec}: {reason}'],
  UNAVAILABLE: ['wait', '{reason}'],
  SCHEMA_UNKNOWN: ['wait', 'schema {id}, needed to read {codec}, is being fetched from {registry}'],
  SCHEMA_MISSING: [
    'deadLetter',
    '{registry} has no schema {id}, needed to read {codec}: register it there, then replay the record',
  ],
  SCHEMA_MISMATCH: [
    'deadLetter',
    'schema {id} ({writer}) cannot be read as {codec}: {reason}; give the field of {codec} a default or an alias, then replay the record',
  ],
  SCHEMAS_REFUSED: ['stop', 'schemas are not accepted:\n{faults}'],
  REGISTRY_UNAVAILABLE: ['retry', '{registry} does not answer: {reason}'],
  REGISTRY_REFUSED: ['stop', 'the schema registry at {registry} gives nothing: {reason}; {remedy}'],
  ENCODE_FAILED: ['deadLetter', 'node {node}: the value for {target} is not {codec}: {reason}'],
  KEY_INVALID: ['deadLetter', 'node {node}: {reason}'],
  KEY_MISSING: ['deadLetter', 'node {node} keeps state, but {topic}/{partition}@{offset} has no key'],
  RECORD_TOO_LARGE: [
    'deadLetter',
    'node {node}: {target} takes at most {limit} bytes a record, this one has {size}',
  ],
  TIME_INVALID: ['deadLetter', 'node {node}: {field} is {time}, which is no time; {remedy}'],
  OUTPUT_REFUSED: ['deadLetter', '{topic}/{partition} does not take a record: {reason}'],
  TIMER_INVALID: ['deadLetter', 'node {node}: timer {timer} {reason}'],
  TABLE_TOO_LARGE: ['stop', 'table {table} has more than {limit} entries; every pod holds all of them'],
  TABLE_UNKNOWN: ['deadLetter', 'node {node} reads table {table}, which it does not declare'],
  OUTPUT_UNKNOWN: ['deadLetter', 'node {node} emitted to {output}, which it does not declare'],
  DELAY_UNDECLARED: ['deadLetter', 'node {node} emitted to {output} with a time, but its route has no delay'],
  STATE_UNKNOWN: ['deadLetter', 'node {node} uses state, timer or step {name}, which it does not declare'],
  STEP_REPEATED: [
    'deadLetter',
    "node {node} called step {step} with part '{part}' twice in one run; give each call a part of its own: ctx.step(name, call, { part })",
  ],
  CONTEXT_CLOSED: ['deadLetter', 'node {node} used its context after the record had ended'],
  HANDLER_FAILED: ['retry', 'node {node} threw on {place}: {reason}'],
  HANDLER_TIMED_OUT: ['retry', 'node {node} took longer than {timeoutMs} ms'],
  REJECTED: ['deadLetter', '{reason}'],
  HOPS_EXCEEDED: [
    'deadLetter',
    'node {node}: the record passed {hops} operators of its stage without reaching a topic',
  ],
  TOO_MANY_DEAD: [
    'blockTask',
    'task {task} is blocked: {dead} of {seen} records in a minute became dead letters for one reason; fix the cause, then restart the pod. The last: {reason}',
  ],
  ABORTED: ['releaseTask', 'the task left this pod while the record was running'],
  OFFSET_OUT_OF_RANGE: [
    'stop',
    '{topic}/{partition} has offsets {start} to {end}, but offset {offset} was asked for',
  ],
  CLAIM_REFUSED: ['releaseTask', 'claim in generation {generation} was refused: {reason}'],
  FENCED: ['releaseTask', 'producer {producer} was fenced by a newer one'],
  OUTCOME_UNKNOWN: ['releaseTask', 'the outcome of a commit is unknown: {reason}'],
  COMMIT_ABORTED: ['releaseTask', 'a commit did not take place: {reason}'],
  LOG_UNAVAILABLE: ['releaseTask', 'the log does not answer: {reason}'],
  LOG_CLOSED: ['releaseTask', 'the log, reader or producer was closed'],
  LOG_FULL: ['retry', 'the disk under {path} is full; free room and the engine goes on by itself'],
  LOG_IN_USE: [
    'stop',
    'the log at {path} is open in another process (pid {pid}); one process at a time may use it',
  ],
  LOG_HOLDER_ENDED: [
    'stop',
    'process {pid}, which holds the log at {path}, did not answer: {reason}; run the command again',
  ],
  LOG_REMOVED: [
    'stop',
    'the log at {path} was removed while it was open: nothing can be written any more; start again, and restore the directory before where it is needed',
  ],
  FOLDER_REFUSED: [
    'stop',
    'the folder {path} cannot be used: {reason}; let this user read and write there, or name another folder',
  ],
  LOG_CORRUPT: ['blockTask', 'the log at {path} cannot be read: {reason}'],
  ACCESS_REFUSED: [
    'blockTask',
    'the brokers refuse {right} on {resource}: {reason}; grant it to the user of this application, then restart the pod',
  ],
  BROKER_REFUSED: ['blockTask', 'the brokers refuse {request} of {resource}: {reason}; see docs/errors.md'],
  PARTITION_UNWRITABLE: [
    'blockTask',
    '{topic}/{partition} takes no write, while other partitions do: {reason}; {remedy}. The task tries again by itself',
  ],
  RESTORE_BLOCKED: [
    'blockTask',
    'task {task}: its state cannot be read to the end within {timeoutMs} ms: {diagnosis}',
  ],
  TRANSACTION_TORN: [
    'blockTask',
    'a transaction of producer {producer} (id {producerId}) has ended, but not in {places}, and {reason}; nothing was written since. {remedy}',
  ],
  TRANSACTION_UNCHECKED: [
    'blockTask',
    'the brokers refuse to say which transactions of producer {producer} are open: {reason}; grant READ on the topics and DESCRIBE on the transactional id',
  ],
  MODEL_UNAVAILABLE: ['retry', 'model {model}: {errorType}: {reason}'],
  MODEL_REFUSED: ['deadLetter', 'model {model}: {errorType}: {reason}'],
  EMBEDDING_INVALID: [
    'deadLetter',
    'embedder {embedder} gave no usable vector: {reason}; name a model and its dimensions that belong together',
  ],
  WEBHOOK_FAILED: ['retry', '{endpoint} has not taken a webhook: {reason}'],
  WEBHOOK_UNDELIVERED: [
    'deadLetter',
    '{endpoint} has not taken webhook {id} in {attempts} attempts: {reason}; caudal webhook replay sends it again',
  ],
  NAME_TAKEN: ['stop', 'another pod runs under the name {name} ({other}); give each pod a name of its own'],
  NO_PROGRESS: [
    'restartPod',
    'the pod was refused {times} times in {forMs} ms and committed nothing between: {reason}',
  ],
  RESOURCE_FAILED: ['stop', 'resource {name} could not be opened: {reason}'],
  STOPPED: ['stop', 'the pod has stopped: {reason}'],
  KIT_MISUSED: ['stop', 'testing kit: {reason}'],
  NOT_SETTLED: ['stop', 'the topology under test did not come to rest within {within}:\n{reasons}'],
  INTERNAL: ['restartPod', 'an invariant of the engine does not hold: {reason}'],
} as const satisfies Record<string, readonly [Action, string]>

/** A code of the catalogue. docs/errors.md explains each. */
export type ErrorCode = keyof typeof CATALOGUE

/** The values of an error: they fill the places in braces of its message. */
export interface ErrorDetails {
  readonly [name: string]: string | number | undefined
}

/** Every error of this project. `message` is filled from the catalogue; `action` says what the runtime does. */
export class CaudalError extends Error {
  /** Identifies the kind of error; docs/errors.md has a section for each. */
  readonly code: ErrorCode
  /** What the engine does about the error. */
  readonly action: Action
  /** What fills the placeholders of the message. */
  readonly details: ErrorDetails

  constructor(code: ErrorCode, details: ErrorDetails = {}, cause?: unknown) {
    const [action, template] = CATALOGUE[code]
    super(`${code}: ${fill(template, details)}`, cause === undefined ? undefined : { cause })
    this.name = 'CaudalError'
    this.code = code
    this.action = action
    this.details = details
  }
}

/** Something that the record needs is away for now: the record waits, without an effect and without spending an attempt. */
export class Unavailable extends CaudalError {
  /** Resolves when it is worth another try; never rejects. */
  readonly ready: Promise<void>

  constructor(code: 'UNAVAILABLE' | 'SCHEMA_UNKNOWN', details: ErrorDetails, ready: PromiseLike<unknown>) {
    super(code, details)
    const nothing = () => undefined
    this.ready = Promise.resolve(ready).then(nothing, nothing)
  }
}

/**
 * For an operator, a store or a codec to throw while what it needs is away: `throw unavailable('the database is away', back)`.
 * The record runs again, as if for the first time, once `ready` has settled. Its task starts no other record meanwhile.
 */
export function unavailable(reason: string, ready: PromiseLike<unknown>): Unavailable {
  return new Unavailable('UNAVAILABLE', { reason }, ready)
}

/** Thrown by a codec that has to fetch something before it can decode: what it was asked for can be asked again then. */
export class NotYetReadable extends Unavailable {
  constructor(details: ErrorDetails, ready: PromiseLike<unknown>) {
    super('SCHEMA_UNKNOWN', details, ready)
  }
}

/** What a log will never take: one record of a batch, or everything that goes to the partition of the batch. */
export interface Refusal {
  /** Index among the batches of the transaction. */
  readonly batch: number
  /** Index among the records of the batch; `undefined` when no record is to blame. */
  readonly record: number | undefined
  readonly error: CaudalError
}

/** The log refuses parts of a transaction for good, and the transaction did not take place. `code` is that of the first refusal. */
export class WritesRefused extends CaudalError {
  readonly refusals: readonly Refusal[]

  constructor(refusals: readonly [Refusal, ...Refusal[]]) {
    const [{ error }] = refusals
    super(error.code, error.details, error)
    this.refusals = refusals
  }
}

/** The action for anything thrown. Mistakes in code are not retried; unknown errors are. */
export function actionOf(error: unknown): Action {
  if (error instanceof CaudalError) return error.action
  if (error instanceof TypeError || error instanceof RangeError) return 'deadLetter'
  if (error instanceof ReferenceError || error instanceof SyntaxError) return 'deadLetter'
  return 'retry'
}

/** Whether the error is a `CaudalError` with this code. */
export function hasCode(error: unknown, code: ErrorCode): boolean {
  return error instanceof CaudalError && error.code === code
}

/** The message of anything thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The code of an error, of ours or of Node; nothing where it has none. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** An error as fields of a log line. */
export function failureFields(error: unknown): { readonly error: string; readonly code: string | undefined } {
  return { error: reasonOf(error), code: codeOf(error) }
}

/** Checks in production what the code relies on: a broken invariant ends the pod (INTERNAL) before it spoils data. */
export function invariant(condition: unknown, reason: string): asserts condition {
  if (!condition) throw new CaudalError('INTERNAL', { reason })
}

function fill(template: string, details: ErrorDetails): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => String(details[name] ?? `(no ${name})`))
}
