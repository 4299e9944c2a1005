/**
 * Every code that a broker can answer with, by the numbers of the Kafka protocol, and what it means for us. Most mean
 * the same whatever was asked; where a request gives a code another meaning, its row says so.
 */

/** The requests that this driver sends, as the protocol names them. */
export const REQUESTS = [
  'AddPartitionsToTxn',
  'ApiVersions',
  'CreatePartitions',
  'CreateTopics',
  'DeleteRecords',
  'DescribeConfigs',
  'DescribeGroups',
  'DescribeProducers',
  'DescribeTransactions',
  'EndTxn',
  'Fetch',
  'FindCoordinator',
  'Heartbeat',
  'InitProducerId',
  'JoinGroup',
  'LeaveGroup',
  'ListOffsets',
  'ListTransactions',
  'Metadata',
  'OffsetCommit',
  'OffsetFetch',
  'Produce',
  'SaslAuthenticate',
  'SaslHandshake',
  'SyncGroup',
] as const
export type RequestName = (typeof REQUESTS)[number]

/**
 * - `passing`: the same broker a moment later, or another one, may do as asked
 * - `moved`: as `passing`, after a look-up of the present coordinator
 * - `fencing`: a newer producer has fenced ours
 * - `transaction`: this transaction cannot go on; the next producer begins another one
 * - `rejoin`: the membership or its generation is over
 * - `settled`: what was asked for is so already
 * - `offset`: there is no such offset
 * - `record`: what was written is refused for what it is, and always will be
 * - `rights`: the user lacks a right; somebody must grant it
 * - `configuration`: a topic, the cluster or the application must be set up differently
 * - `mistake`: our request was wrong
 * - `unclear`: the broker failed inside, answered what it should not, or is newer than this table: tried again for a while
 */
export type Meaning =
  | 'passing'
  | 'moved'
  | 'fencing'
  | 'transaction'
  | 'rejoin'
  | 'settled'
  | 'offset'
  | 'record'
  | 'rights'
  | 'configuration'
  | 'mistake'
  | 'unclear'

type Row = readonly [name: string, meaning: Meaning, where?: Partial<Record<RequestName, Meaning>>]

/** What may be on the way to a broker that has not heard of the topic yet: whether it exists is asked of the metadata. */
const NOT_YET: Meaning = 'passing'

const TABLE: Readonly<Record<number, Row>> = {
  '-1': ['UNKNOWN_SERVER_ERROR', 'unclear'],
  1: ['OFFSET_OUT_OF_RANGE', 'offset'],
  // Of what is read it is the broker's disk.
  2: ['CORRUPT_MESSAGE', 'unclear', { Produce: 'record' }],
  3: ['UNKNOWN_TOPIC_OR_PARTITION', NOT_YET],
  4: ['INVALID_FETCH_SIZE', 'mistake'],
  5: ['LEADER_NOT_AVAILABLE', 'passing'],
  6: ['NOT_LEADER_OR_FOLLOWER', 'passing'],
  7: ['REQUEST_TIMED_OUT', 'passing'],
  8: ['BROKER_NOT_AVAILABLE', 'passing'],
  9: ['REPLICA_NOT_AVAILABLE', 'passing'],
  10: ['MESSAGE_TOO_LARGE', 'mistake', { Produce: 'record' }],
  11: ['STALE_CONTROLLER_EPOCH', 'passing'],
  12: ['OFFSET_METADATA_TOO_LARGE', 'configuration'],
  13: ['NETWORK_EXCEPTION', 'passing'],
  14: ['COORDINATOR_LOAD_IN_PROGRESS', 'passing'],
  15: ['COORDINATOR_NOT_AVAILABLE', 'moved'],
  16: ['NOT_COORDINATOR', 'moved'],
  17: ['INVALID_TOPIC_EXCEPTION', 'configuration'],
  18: ['RECORD_LIST_TOO_LARGE', 'mistake', { Produce: 'record' }],
  19: ['NOT_ENOUGH_REPLICAS', 'passing'],
  20: ['NOT_ENOUGH_REPLICAS_AFTER_APPEND', 'passing'],
  21: ['INVALID_REQUIRED_ACKS', 'mistake'],
  22: ['ILLEGAL_GENERATION', 'rejoin'],
  23: ['INCONSISTENT_GROUP_PROTOCOL', 'configuration'],
  24: ['INVALID_GROUP_ID', 'configuration'],
  25: ['UNKNOWN_MEMBER_ID', 'rejoin', { LeaveGroup: 'settled' }],
  26: ['INVALID_SESSION_TIMEOUT', 'configuration'],
  27: ['REBALANCE_IN_PROGRESS', 'rejoin'],
  28: ['INVALID_COMMIT_OFFSET_SIZE', 'configuration'],
  29: ['TOPIC_AUTHORIZATION_FAILED', 'rights'],
  30: ['GROUP_AUTHORIZATION_FAILED', 'rights'],
  31: ['CLUSTER_AUTHORIZATION_FAILED', 'rights'],
  32: ['INVALID_TIMESTAMP', 'mistake', { Produce: 'record' }],
  33: ['UNSUPPORTED_SASL_MECHANISM', 'configuration'],
  34: ['ILLEGAL_SASL_STATE', 'configuration'],
  35: ['UNSUPPORTED_VERSION', 'configuration'],
  36: ['TOPIC_ALREADY_EXISTS', 'settled'],
  37: ['INVALID_PARTITIONS', 'configuration'],
  38: ['INVALID_REPLICATION_FACTOR', 'configuration'],
  39: ['INVALID_REPLICA_ASSIGNMENT', 'configuration'],
  40: ['INVALID_CONFIG', 'configuration'],
  41: ['NOT_CONTROLLER', 'passing'],
  42: ['INVALID_REQUEST', 'mistake'],
  43: ['UNSUPPORTED_FOR_MESSAGE_FORMAT', 'configuration'],
  44: ['POLICY_VIOLATION', 'configuration'],
  45: ['OUT_OF_ORDER_SEQUENCE_NUMBER', 'transaction'],
  46: ['DUPLICATE_SEQUENCE_NUMBER', 'transaction'],
  47: ['INVALID_PRODUCER_EPOCH', 'fencing'],
  48: ['INVALID_TXN_STATE', 'transaction'],
  49: ['INVALID_PRODUCER_ID_MAPPING', 'fencing'],
  50: ['INVALID_TRANSACTION_TIMEOUT', 'configuration'],
  51: ['CONCURRENT_TRANSACTIONS', 'passing'],
  52: ['TRANSACTION_COORDINATOR_FENCED', 'passing'],
  53: ['TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 'rights'],
  54: ['SECURITY_DISABLED', 'configuration'],
  // Another partition of the same request was at fault; its own code says what the matter is.
  55: ['OPERATION_NOT_ATTEMPTED', 'transaction'],
  56: ['KAFKA_STORAGE_ERROR', 'passing'],
  57: ['LOG_DIR_NOT_FOUND', 'unclear'],
  58: ['SASL_AUTHENTICATION_FAILED', 'rights'],
  59: ['UNKNOWN_PRODUCER_ID', 'transaction'],
  60: ['REASSIGNMENT_IN_PROGRESS', 'passing'],
  61: ['DELEGATION_TOKEN_AUTH_DISABLED', 'configuration'],
  62: ['DELEGATION_TOKEN_NOT_FOUND', 'rights'],
  63: ['DELEGATION_TOKEN_OWNER_MISMATCH', 'rights'],
  64: ['DELEGATION_TOKEN_REQUEST_NOT_ALLOWED', 'rights'],
  65: ['DELEGATION_TOKEN_AUTHORIZATION_FAILED', 'rights'],
  66: ['DELEGATION_TOKEN_EXPIRED', 'rights'],
  67: ['INVALID_PRINCIPAL_TYPE', 'configuration'],
  68: ['NON_EMPTY_GROUP', 'configuration'],
  69: ['GROUP_ID_NOT_FOUND', 'rejoin', { DescribeGroups: 'settled', LeaveGroup: 'settled' }],
  70: ['FETCH_SESSION_ID_NOT_FOUND', 'passing'],
  71: ['INVALID_FETCH_SESSION_EPOCH', 'passing'],
  72: ['LISTENER_NOT_FOUND', 'passing'],
  73: ['TOPIC_DELETION_DISABLED', 'configuration'],
  74: ['FENCED_LEADER_EPOCH', 'passing'],
  75: ['UNKNOWN_LEADER_EPOCH', 'passing'],
  76: ['UNSUPPORTED_COMPRESSION_TYPE', 'configuration'],
  77: ['STALE_BROKER_EPOCH', 'passing'],
  78: ['OFFSET_NOT_AVAILABLE', 'passing'],
  79: ['MEMBER_ID_REQUIRED', 'rejoin'],
  80: ['PREFERRED_LEADER_NOT_AVAILABLE', 'passing'],
  81: ['GROUP_MAX_SIZE_REACHED', 'configuration'],
  82: ['FENCED_INSTANCE_ID', 'rejoin'],
  83: ['ELIGIBLE_LEADERS_NOT_AVAILABLE', 'passing'],
  84: ['ELECTION_NOT_NEEDED', 'settled'],
  85: ['NO_REASSIGNMENT_IN_PROGRESS', 'settled'],
  86: ['GROUP_SUBSCRIBED_TO_TOPIC', 'configuration'],
  87: ['INVALID_RECORD', 'mistake', { Produce: 'record' }],
  88: ['UNSTABLE_OFFSET_COMMIT', 'passing'],
  89: ['THROTTLING_QUOTA_EXCEEDED', 'passing'],
  90: ['PRODUCER_FENCED', 'fencing'],
  91: ['RESOURCE_NOT_FOUND', 'unclear', { DescribeConfigs: NOT_YET }],
  92: ['DUPLICATE_RESOURCE', 'mistake'],
  93: ['UNACCEPTABLE_CREDENTIAL', 'rights'],
  94: ['INCONSISTENT_VOTER_SET', 'unclear'],
  95: ['INVALID_UPDATE_VERSION', 'unclear'],
  96: ['FEATURE_UPDATE_FAILED', 'unclear'],
  97: ['PRINCIPAL_DESERIALIZATION_FAILURE', 'unclear'],
  98: ['SNAPSHOT_NOT_FOUND', 'unclear'],
  99: ['POSITION_OUT_OF_RANGE', 'unclear'],
  100: ['UNKNOWN_TOPIC_ID', NOT_YET],
  101: ['DUPLICATE_BROKER_REGISTRATION', 'unclear'],
  102: ['BROKER_ID_NOT_REGISTERED', 'unclear'],
  103: ['INCONSISTENT_TOPIC_ID', NOT_YET],
  104: ['INCONSISTENT_CLUSTER_ID', 'configuration'],
  105: ['TRANSACTIONAL_ID_NOT_FOUND', 'fencing', { DescribeTransactions: 'settled' }],
  106: ['FETCH_SESSION_TOPIC_ID_ERROR', 'passing'],
  107: ['INELIGIBLE_REPLICA', 'passing'],
  108: ['NEW_LEADER_ELECTED', 'passing'],
  109: ['OFFSET_MOVED_TO_TIERED_STORAGE', 'unclear'],
  110: ['FENCED_MEMBER_EPOCH', 'rejoin'],
  111: ['UNRELEASED_INSTANCE_ID', 'rejoin'],
  112: ['UNSUPPORTED_ASSIGNOR', 'configuration'],
  113: ['STALE_MEMBER_EPOCH', 'rejoin'],
  114: ['MISMATCHED_ENDPOINT_TYPE', 'configuration'],
  115: ['UNSUPPORTED_ENDPOINT_TYPE', 'configuration'],
  116: ['UNKNOWN_CONTROLLER_ID', 'unclear'],
  117: ['UNKNOWN_SUBSCRIPTION_ID', 'unclear'],
  118: ['TELEMETRY_TOO_LARGE', 'unclear'],
  119: ['INVALID_REGISTRATION', 'unclear'],
  120: ['TRANSACTION_ABORTABLE', 'transaction'],
  121: ['INVALID_RECORD_STATE', 'unclear'],
  122: ['SHARE_SESSION_NOT_FOUND', 'unclear'],
  123: ['INVALID_SHARE_SESSION_EPOCH', 'unclear'],
  124: ['FENCED_STATE_EPOCH', 'unclear'],
  125: ['INVALID_VOTER_KEY', 'unclear'],
  126: ['DUPLICATE_VOTER', 'unclear'],
  127: ['VOTER_NOT_FOUND', 'unclear'],
  128: ['INVALID_REGULAR_EXPRESSION', 'configuration'],
  129: ['REBOOTSTRAP_REQUIRED', 'passing'],
  130: ['STREAMS_INVALID_TOPOLOGY', 'unclear'],
  131: ['STREAMS_INVALID_TOPOLOGY_EPOCH', 'unclear'],
  132: ['STREAMS_TOPOLOGY_FENCED', 'unclear'],
  133: ['SHARE_SESSION_LIMIT_REACHED', 'unclear'],
}

/** The codes of the table. */
export const KNOWN_CODES: readonly number[] = Object.keys(TABLE).map(Number)

/** What a code means, for a request where that is known; `unclear` for one that is not in the table. */
export function meaningOf(code: number, request?: RequestName): Meaning {
  const row = TABLE[code]
  if (!row) return 'unclear'
  const [, meaning, where] = row
  return (request && where?.[request]) ?? meaning
}

/** `MESSAGE_TOO_LARGE (code 10)`; of a code that is not in the table its number alone. */
export function nameOf(code: number): string {
  const [name] = TABLE[code] ?? []
  return name === undefined ? `code ${code}` : `${name} (code ${code})`
}
