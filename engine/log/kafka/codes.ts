/** What follows from the failure of a request: an answer by its number, or none. The meanings are in broker-codes.ts. */
import { CaudalError, reasonOf } from '#core/errors.ts'
import { type Meaning, meaningOf, nameOf, type RequestName } from './broker-codes.ts'
import { Refusal } from './wire.ts'

export const CODE = {
  OFFSET_OUT_OF_RANGE: 1,
  UNKNOWN_TOPIC_OR_PARTITION: 3,
  MESSAGE_TOO_LARGE: 10,
  COORDINATOR_LOAD_IN_PROGRESS: 14,
  ILLEGAL_GENERATION: 22,
  UNKNOWN_MEMBER_ID: 25,
  REBALANCE_IN_PROGRESS: 27,
  TOPIC_AUTHORIZATION_FAILED: 29,
  CLUSTER_AUTHORIZATION_FAILED: 31,
  TOPIC_ALREADY_EXISTS: 36,
  INVALID_PARTITIONS: 37,
  INVALID_PRODUCER_EPOCH: 47,
  INVALID_PRODUCER_ID_MAPPING: 49,
  CONCURRENT_TRANSACTIONS: 51,
  TRANSACTIONAL_ID_REFUSED: 53,
  OPERATION_NOT_ATTEMPTED: 55,
  FENCED_INSTANCE_ID: 82,
  PRODUCER_FENCED: 90,
} as const

/** What was asked, of what: for the error that a refusal becomes. */
export interface Question {
  readonly request: RequestName
  /** Named as Kafka's tools name it: `topic orders`, `group app`, `transactional id app-pod`. */
  readonly resource: string
  /** Where the request concerns topics beside that. */
  readonly topics?: readonly string[]
}

/** The right that a request needs of the resource that it concerns. */
const RIGHTS: Readonly<Record<RequestName, string>> = {
  AddPartitionsToTxn: 'WRITE',
  ApiVersions: 'DESCRIBE',
  CreatePartitions: 'ALTER',
  CreateTopics: 'CREATE',
  DeleteRecords: 'DELETE',
  DescribeConfigs: 'DESCRIBE_CONFIGS',
  DescribeGroups: 'DESCRIBE',
  DescribeProducers: 'READ',
  DescribeTransactions: 'DESCRIBE',
  EndTxn: 'WRITE',
  Fetch: 'READ',
  FindCoordinator: 'DESCRIBE',
  Heartbeat: 'READ',
  InitProducerId: 'WRITE',
  JoinGroup: 'READ',
  LeaveGroup: 'READ',
  ListOffsets: 'DESCRIBE',
  ListTransactions: 'DESCRIBE',
  Metadata: 'DESCRIBE',
  OffsetCommit: 'READ',
  OffsetFetch: 'DESCRIBE',
  Produce: 'WRITE',
  SaslAuthenticate: 'the login',
  SaslHandshake: 'the login',
  SyncGroup: 'READ',
}

/** How kafkajs calls a code that it does not know; its message has the number. */
const UNKNOWN_TO_LIBRARY = -99

/** The number that a broker answered with; `undefined` when it did not answer. kafkajs wraps some errors in others. */
export function codeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || error instanceof CaudalError) return undefined
  if ('errors' in error && Array.isArray(error.errors)) return codeOf(error.errors[0])
  if ('partitions' in error && Array.isArray(error.partitions)) return codeOf(error.partitions[0]?.error)
  if ('code' in error && typeof error.code === 'number') {
    return error.code === UNKNOWN_TO_LIBRARY ? numberIn(error.message) : error.code
  }
  return error.cause === undefined ? undefined : codeOf(error.cause)
}

function numberIn(message: string): number {
  return Number(/-?\d+/.exec(message)?.[0] ?? UNKNOWN_TO_LIBRARY)
}

/** What a broker's answer means; `undefined` when there was none. */
export function meaningIn(error: unknown, request?: RequestName): Meaning | undefined {
  const code = codeOf(error)
  return code === undefined ? undefined : meaningOf(code, requestIn(error) ?? request)
}

/** The request that was refused, where the refusal knows it. */
function requestIn(error: unknown): RequestName | undefined {
  return error instanceof Refusal ? error.request : undefined
}

/** For `catch` where one question takes several requests: an answer that the library has read is one to this request. */
export function answering(request: RequestName, resource?: string): (error: unknown) => never {
  return error => {
    const code = codeOf(error)
    throw code === undefined || error instanceof Refusal ? error : new Refusal(request, code, resource, error)
  }
}

/** Whether the connection failed, or the time ran out: nobody can say what the broker did. */
export function isUnanswered(error: unknown): boolean {
  if (error instanceof CaudalError) return error.code === 'LOG_UNAVAILABLE'
  return codeOf(error) === undefined && !isMistake(error)
}

/** Thrown by code, ours or the library's, that was given what it cannot handle: no broker has part in it. */
function isMistake(error: unknown): boolean {
  if (!(error instanceof Error)) return true
  // Node gives errors of the system a name such as ECONNREFUSED, and its own complaints one such as ERR_OUT_OF_RANGE.
  const name = 'code' in error ? String(error.code) : ''
  if (name !== '' && !name.startsWith('ERR_')) return false
  const isOfCode = [TypeError, RangeError, ReferenceError, SyntaxError].some(kind => error instanceof kind)
  return isOfCode || (error.cause !== undefined && isMistake(error.cause))
}

/** Whether the same may succeed a moment later, or at another broker. */
export function isPassing(error: unknown, request?: RequestName): boolean {
  const code = codeOf(error)
  return code === undefined ? isUnanswered(error) : isPassingCode(code, requestIn(error) ?? request)
}

export function isPassingCode(code: number, request?: RequestName): boolean {
  const meaning = meaningOf(code, request)
  return meaning === 'passing' || meaning === 'moved' || meaning === 'unclear'
}

export function isFencing(error: unknown): boolean {
  return meaningIn(error) === 'fencing'
}

/** The coordinator of the group or producer has moved, or its broker is gone: ask again who it is. */
export function isCoordinatorLost(error: unknown): boolean {
  return isUnanswered(error) || meaningIn(error) === 'moved'
}

/**
 * What a failed request is for those who asked through the port. An outage is only what may be one: no answer, or one that
 * may pass. A right that is missing is ACCESS_REFUSED; any other answer is BROKER_REFUSED; a mistake in code is INTERNAL.
 */
export function told(error: unknown, question: Question): CaudalError {
  if (meaningIn(error, question.request) !== 'unclear') return toldAtLast(error, question)
  return passes(error, question)
}

/** As `told`, for one that was asked again for long: an answer that nobody understands no longer counts as an outage. */
export function toldAtLast(error: unknown, question: Question): CaudalError {
  if (error instanceof CaudalError) return error
  const code = codeOf(error)
  if (code !== undefined) return refusedWith(code, questionIn(error, question), error)
  const reason = reasonOf(error)
  if (isLoginRefused(error))
    return new CaudalError('ACCESS_REFUSED', { right: 'the login', resource: 'the cluster', reason }, error)
  return isMistake(error)
    ? new CaudalError('INTERNAL', { reason: `${question.request}: ${reason}` }, error)
    : new CaudalError('LOG_UNAVAILABLE', { reason }, error)
}

/** As LOG_UNAVAILABLE, whatever the code means elsewhere: it is tried again here. */
export function passes(error: unknown, question: Question): CaudalError {
  if (error instanceof CaudalError) return error
  const reason = reasonIn(codeOf(error) ?? 0, questionIn(error, question))
  return new CaudalError('LOG_UNAVAILABLE', { reason }, error)
}

/** What was refused: a refusal knows it better than the one who asked, whose question may have taken several requests. */
function questionIn(error: unknown, question: Question): Question {
  if (!(error instanceof Refusal)) return question
  return { ...question, request: error.request, resource: error.resource ?? question.resource }
}

/** As `toldAtLast`, for an answer that was read by its number. */
export function refusedWith(code: number, question: Question, cause?: unknown): CaudalError {
  const { request, resource } = question
  const reason = nameOf(code)
  const meaning = meaningOf(code, request)
  if (meaning === 'rights')
    return new CaudalError('ACCESS_REFUSED', { ...lacking(code, question), reason }, cause)
  if (meaning === 'passing' || meaning === 'moved')
    return new CaudalError('LOG_UNAVAILABLE', { reason: reasonIn(code, question) }, cause)
  return new CaudalError('BROKER_REFUSED', { request, resource, reason }, cause)
}

function reasonIn(code: number, { request, resource }: Question): string {
  return `${request} of ${resource}: ${nameOf(code)}`
}

/** The right that is missing, and on what. Offsets of a group need the right to read their topics too. */
function lacking(code: number, { request, resource, topics = [] }: Question) {
  if (code === CODE.CLUSTER_AUTHORIZATION_FAILED) return { right: request, resource: 'the cluster' }
  if (code !== CODE.TOPIC_AUTHORIZATION_FAILED || topics.length === 0)
    return { right: RIGHTS[request], resource }
  return { right: RIGHTS[request], resource: topicsNamed(topics) }
}

/** `topic a`, or `topics a, b`: each once. */
export function topicsNamed(names: readonly string[]): string {
  const all = [...new Set(names)]
  return `${all.length === 1 ? 'topic' : 'topics'} ${all.join(', ')}`
}

/**
 * What a person must correct before any broker of the address can be reached; nothing where waiting may help. Each remedy
 * names the option of the driver, and the setting of the commands.
 */
export function setupFaultOf(error: unknown): string | undefined {
  const code = systemCodeOf(error)
  const [, remedy] = SETUP_FAULTS.find(([codes]) => codes.test(code)) ?? []
  return remedy && `${remedy} (${reasonOf(error)})`
}

const SETUP_FAULTS: readonly (readonly [codes: RegExp, remedy: string])[] = [
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    'the certificate of the brokers is for another name: correct the host in brokers (KAFKA_BROKERS)',
  ],
  [
    /^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/,
    'the certificate of the brokers is not valid today: renew it, or check the clock here',
  ],
  [
    /CERT|ISSUER|SIGNATURE|CHAIN/,
    'the certificate of the brokers is not trusted: name the authority that signed it in ssl.ca (KAFKA_SSL_CA_FILE)',
  ],
  [
    /^(EPROTO|ERR_SSL_\w+)$/,
    'the brokers do not speak TLS there: leave out ssl (KAFKA_SSL), or name the port of their encrypted listener',
  ],
]

/** As Node names it, of the error or of what it was caused by. */
function systemCodeOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  const code = 'code' in error ? String(error.code) : ''
  return code === '' ? systemCodeOf(error.cause) : code
}

export function isLoginRefused(error: unknown): boolean {
  return (
    error instanceof Error && (error.name === 'KafkaJSSASLAuthenticationError' || isLoginRefused(error.cause))
  )
}
