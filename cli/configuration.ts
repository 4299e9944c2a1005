/** The one table of settings. Whatever the environment may say is here, with its default, its unit and its meaning. */
import { hostname } from 'node:os'
import { CaudalError } from '#engine/core/errors.ts'
import { THRESHOLD } from '#models/rubric.ts'

interface Row<T> {
  /** Name in the environment. */
  readonly environment: string
  readonly type: 'text' | 'list' | 'address' | 'integer' | 'number' | 'choice'
  readonly default: T
  /** What stands for the default where it differs from machine to machine. */
  readonly defaultText?: string
  readonly unit?: string
  readonly description: string
  /** Never printed. */
  readonly secret?: boolean
  readonly parse: (text: string) => T | Fault
}

class Fault {
  readonly reason: string
  constructor(reason: string) {
    this.reason = reason
  }
}

type Base<T> = Pick<Row<T>, 'default' | 'description'> &
  Partial<Pick<Row<T>, 'unit' | 'secret' | 'defaultText'>>

const text = (environment: string, base: Base<string>): Row<string> => {
  return { environment, type: 'text', ...base, parse: given => given }
}

/** A name that becomes part of topics, groups and transactional ids. */
const name = (environment: string, base: Base<string>): Row<string> => ({
  ...text(environment, base),
  parse: given =>
    /^[A-Za-z0-9._-]{1,100}$/.test(given)
      ? given
      : new Fault('must be 1 to 100 letters, digits, dots, underscores or hyphens'),
})

const addresses = (environment: string, base: Base<readonly string[]>): Row<readonly string[]> => ({
  environment,
  type: 'list',
  ...base,
  parse: given => {
    const list = given.split(',').map(address => address.trim())
    const wrong = list.filter(address => !/^[^\s:/]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/.test(address))
    return wrong.length === 0
      ? list
      : new Fault(`must be host:port, more of them after commas; ${wrong.join(', ')} is not`)
  },
})

const address = (environment: string, schemes: readonly string[], base: Base<string>): Row<string> => ({
  environment,
  type: 'address',
  ...base,
  parse: given => {
    const url = URL.canParse(given) ? new URL(given) : undefined
    const allowed = schemes.map(scheme => `${scheme}://`).join(' or ')
    return url && schemes.includes(url.protocol.slice(0, -1))
      ? given
      : new Fault(`must be an address that begins with ${allowed}`)
  },
})

const number = (
  environment: string,
  [low, high]: readonly [number, number],
  base: Base<number>,
  type: 'integer' | 'number' = 'integer',
): Row<number> => ({
  environment,
  type,
  ...base,
  parse: given => {
    const value = Number(given)
    const fits =
      given.trim() !== '' && value >= low && value <= high && (type === 'number' || Number.isInteger(value))
    return fits
      ? value
      : new Fault(`must be ${type === 'integer' ? 'a whole number' : 'a number'} from ${low} to ${high}`)
  },
})

const LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LEVELS)[number]

const level = (environment: string, base: Base<LogLevel>): Row<LogLevel> => ({
  environment,
  type: 'choice',
  ...base,
  parse: given => LEVELS.find(each => each === given) ?? new Fault(`must be one of ${LEVELS.join(', ')}`),
})

export const SETTINGS = {
  kafkaBrokers: addresses('KAFKA_BROKERS', {
    default: [],
    description:
      'Kafka brokers, host:port with commas between. Empty: the embedded log in DATA_DIR, one process, no broker.',
  }),
  schemaRegistryUrl: address('SCHEMA_REGISTRY_URL', ['http', 'https'], {
    default: '',
    description: 'Schema registry with the Confluent API. Empty: schemas are kept in a topic of the log.',
  }),
  openAiApiKey: text('OPENAI_API_KEY', {
    default: '',
    secret: true,
    description: 'Key of the model provider. Empty, with OPENAI_BASE_URL empty too: the simulated model.',
  }),
  openAiBaseUrl: address('OPENAI_BASE_URL', ['http', 'https'], {
    default: '',
    description:
      'Any endpoint that speaks the OpenAI API, up to and with its version. Empty: https://api.openai.com/v1 when there is a key.',
  }),
  model: text('LLM_MODEL', {
    default: '',
    description:
      'Model asked for where a task type names none. Empty: gpt-4o-mini, or simulated with the simulated model.',
  }),
  fallbackBaseUrl: address('OPENAI_FALLBACK_BASE_URL', ['http', 'https'], {
    default: '',
    description: 'A second endpoint, asked when the first is away or asks to be left alone. Empty: none.',
  }),
  fallbackApiKey: text('OPENAI_FALLBACK_API_KEY', {
    default: '',
    secret: true,
    description: 'Key of the second endpoint.',
  }),
  fallbackModel: text('LLM_FALLBACK_MODEL', {
    default: '',
    description: 'Model asked for at the second endpoint. Empty: the same as at the first.',
  }),
  callTimeoutMs: number('LLM_TIMEOUT_MS', [100, 3_600_000], {
    default: 60_000,
    defaultText: '60000; 5000 with the simulated model',
    unit: 'ms',
    description: 'How long one call may take before it counts as failed.',
  }),
  databaseUrl: address('DATABASE_URL', ['postgres', 'postgresql'], {
    default: '',
    secret: true,
    description:
      'Postgres for delivered answers. Checked, not used by this version: they are in datos_procesados alone.',
  }),
  redisUrl: address('REDIS_URL', ['redis', 'rediss'], {
    default: '',
    secret: true,
    description:
      'Redis for answers asked for again. Checked, not used by this version: every question is answered anew.',
  }),
  dataFolder: text('DATA_DIR', {
    default: './data',
    description: 'Folder of the embedded log and of the local copies of state.',
  }),
  port: number('PORT', [0, 65_535], {
    default: 8_080,
    description: 'Port of what a command serves over HTTP; 0 takes any that is free.',
  }),
  application: name('APP_ID', {
    default: 'answers',
    description: 'Name of the application: consumer group and prefix of internal topics.',
  }),
  podName: name('POD_NAME', {
    default: hostname().replace(/[^A-Za-z0-9._-]/g, '-') || 'pod',
    defaultText: "the machine's name",
    description: 'Name of this pod, unique among those of the application that run at the same time.',
  }),
  inFlightMax: number('MAX_IN_FLIGHT', [1, 100_000], {
    default: 2_000,
    unit: 'records',
    description:
      'Records with a model call in progress at a time, in one pod and for each of its two calling stages.',
  }),
  attemptsMax: number('MAX_ATTEMPTS', [1, 100], {
    default: 3,
    unit: 'attempts',
    description: 'Calls that may fail, and answers that may score low, for one question; each counted apart.',
  }),
  threshold: number(
    'REGEN_THRESHOLD',
    [0, 10],
    {
      default: THRESHOLD,
      unit: 'points of 10',
      description: 'An answer below it is generated again, unless its task type has a threshold of its own.',
    },
    'number',
  ),
  retryBaseMs: number('RETRY_BASE_MS', [1, 3_600_000], {
    default: 1_000,
    defaultText: '1000; 500 with the simulated model',
    unit: 'ms',
    description: 'Wait before a failed call is made again; grows with each attempt.',
  }),
  retryCapMs: number('RETRY_CAP_MS', [1, 86_400_000], {
    default: 60_000,
    defaultText: '60000; 2000 with the simulated model',
    unit: 'ms',
    description: 'The longest such wait.',
  }),
  logLevel: level('LOG_LEVEL', {
    default: 'info',
    description: 'Lines below this level are not written: debug, info, warn or error.',
  }),
} as const satisfies Record<string, Row<unknown>>

export type SettingName = keyof typeof SETTINGS
export type Configuration = {
  readonly [N in SettingName]: (typeof SETTINGS)[N] extends { readonly default: infer T } ? T : never
} & {
  /** Those that the environment sets; the rest have their defaults. */
  readonly given: ReadonlySet<SettingName>
}

/** Reads and checks all settings at once; an empty variable counts as absent. Throws CONFIGURATION_INVALID with every fault. */
export function configurationOf(environment: Readonly<Record<string, string | undefined>>): Configuration {
  const faults: string[] = []
  const given = new Set<SettingName>()
  const values = {} as Record<SettingName, unknown> // Filled row by row.
  for (const key of Object.keys(SETTINGS) as SettingName[]) {
    // Object.keys forgets the names of a constant.
    const row: Row<unknown> = SETTINGS[key]
    const found = environment[row.environment]?.trim() ?? ''
    if (found !== '') given.add(key)
    const value = found === '' ? row.default : row.parse(found)
    if (value instanceof Fault)
      faults.push(`${row.environment} ${value.reason}${row.secret ? '' : `, not "${found}"`}`)
    else values[key] = value
  }
  const configuration = { ...values, given } as unknown as Configuration // Filled from every row above, unless there are faults.
  if (faults.length === 0 && configuration.retryCapMs < configuration.retryBaseMs)
    faults.push(
      `RETRY_CAP_MS is ${configuration.retryCapMs}; it must be at least RETRY_BASE_MS, ${configuration.retryBaseMs}`,
    )
  if (faults.length > 0) throw new CaudalError('CONFIGURATION_INVALID', { faults: faults.join('\n') })
  return Object.freeze(configuration)
}
