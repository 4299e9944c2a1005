/** Settings: defaults, every fault at once, and the page of the documentation that is made of the table. */
import { fileURLToPath } from 'node:url'
import { describe, expect, it, test } from 'vitest'
import { SETTINGS } from '#cli/configuration.ts'
import { configurationOf, secretsIn } from '#cli/environment.ts'
import { openTraces } from '#cli/tracing.ts'
import { realSystem } from '#core/system.ts'

/** One that can be read. */
const THIS_FILE = fileURLToPath(import.meta.url)

const faultsOf = (environment: Readonly<Record<string, string>>): readonly string[] => {
  try {
    configurationOf(environment)
    return []
  } catch (error) {
    return String(error).split('\n').slice(1)
  }
}

describe('an empty environment', () => {
  it('gives the default of every setting', () => {
    const { given, ...values } = configurationOf({})
    const defaults = Object.entries(SETTINGS).map(([key, row]) => [key, row.default])
    expect(values).toEqual(Object.fromEntries(defaults))
    expect(given.size).toBe(0)
  })

  it('means the same as variables that are empty or blank', () => {
    expect(configurationOf({ KAFKA_BROKERS: '', MAX_ATTEMPTS: '  ' })).toEqual(configurationOf({}))
  })
})

describe('settings that are given', () => {
  it('are read by their type, and the configuration knows which settings were given', () => {
    const configuration = configurationOf({
      KAFKA_BROKERS: 'one:9092, two:9093',
      REGEN_THRESHOLD: '7.5',
      MAX_IN_FLIGHT: '50',
      LOG_LEVEL: 'warn',
    })
    expect(configuration).toMatchObject({
      kafkaBrokers: ['one:9092', 'two:9093'],
      threshold: 7.5,
      inFlightMax: 50,
      logLevel: 'warn',
    })
    expect([...configuration.given].sort()).toEqual(['inFlightMax', 'kafkaBrokers', 'logLevel', 'threshold'])
  })

  it('cannot be changed after they were read', () => {
    expect(Object.isFrozen(configurationOf({}))).toBe(true)
  })
})

describe('the faults of a configuration', () => {
  it('are reported at once, each with its variable and the values that are allowed', () => {
    const faults = faultsOf({
      KAFKA_BROKERS: 'localhost',
      OPENAI_BASE_URL: 'localhost:11434',
      PORT: '70000',
      APP_ID: 'a b',
      MAX_ATTEMPTS: '2.5',
      REGEN_THRESHOLD: 'high',
      LOG_LEVEL: 'loud',
    })
    const names = [
      'KAFKA_BROKERS',
      'OPENAI_BASE_URL',
      'PORT',
      'APP_ID',
      'MAX_ATTEMPTS',
      'REGEN_THRESHOLD',
      'LOG_LEVEL',
    ]
    expect(faults.map(fault => fault.split(' ')[0])).toEqual(names)
    expect(faults[0]).toBe(
      'KAFKA_BROKERS must be host:port, such as localhost:9092, more of them after commas, not "localhost"',
    )
    expect(faults[2]).toBe('PORT must be a whole number from 0 to 65535, not "70000"')
  })

  it('are reported together where they concern encryption and the login to the brokers', () => {
    expect(
      faultsOf({
        KAFKA_SSL: 'yes',
        KAFKA_SSL_CA_FILE: '/nowhere/ca.pem',
        KAFKA_SSL_CERT_FILE: THIS_FILE,
        KAFKA_SASL_MECHANISM: 'kerberos',
        KAFKA_SASL_PASSWORD: 'hunter2',
        KAFKA_COMPRESSION: 'lz4',
        KAFKA_REPLICATION: '0',
      }),
    ).toEqual([
      'KAFKA_SSL must be true or false, not "yes"',
      expect.stringMatching(/^KAFKA_SSL_CA_FILE cannot be read \(ENOENT.*\), not "\/nowhere\/ca.pem"$/),
      'KAFKA_SASL_MECHANISM must be one of plain, scram-sha-256, scram-sha-512, not "kerberos"',
      'KAFKA_COMPRESSION must be one of none, gzip, zstd, not "lz4"',
      'KAFKA_REPLICATION must be a whole number from 1 to 32767, not "0"',
      'KAFKA_SSL_CERT_FILE needs KAFKA_SSL_KEY_FILE to be set',
      'KAFKA_SASL_MECHANISM needs KAFKA_SASL_USERNAME to be set',
    ])
  })

  it('include a login without one of its parts, and certificates without encryption', () => {
    expect(faultsOf({ KAFKA_SASL_MECHANISM: 'PLAIN' })).toEqual([
      'KAFKA_SASL_MECHANISM needs KAFKA_SASL_USERNAME to be set',
      'KAFKA_SASL_MECHANISM needs KAFKA_SASL_PASSWORD to be set',
    ])
    expect(faultsOf({ KAFKA_SASL_USERNAME: 'one', KAFKA_SASL_PASSWORD: 'hunter2' })).toEqual([
      'KAFKA_SASL_USERNAME needs KAFKA_SASL_MECHANISM to be set',
      'KAFKA_SASL_PASSWORD needs KAFKA_SASL_MECHANISM to be set',
    ])
    expect(faultsOf({ KAFKA_SSL_CA_FILE: THIS_FILE })).toEqual([
      'KAFKA_SSL_CA_FILE needs KAFKA_SSL to be true',
    ])
  })

  it('include a topic to adopt without a word for the place to begin', () => {
    expect(faultsOf({ ADOPT_TOPICS: 'Ab_1=start,Cd-2' })).toEqual([
      'ADOPT_TOPICS must be NAME=start or NAME=position, more of them after commas, not "Ab_1=start,Cd-2"',
    ])
  })

  it('never quote a secret', () => {
    const [fault] = faultsOf({ DATABASE_URL: 'mysql://root:hunter2@db' })
    expect(fault).toContain('DATABASE_URL must be an address')
    expect(fault).not.toContain('hunter2')
  })

  it.each([
    ['OPENAI_BASE_URL', 'http://user:100%x@host/v1'],
    ['OPENAI_FALLBACK_BASE_URL', 'http://user:%ff@host/v1'],
    ['HTTP_PROXY', 'http://us%er:pass@host'],
    ['REDIS_URL', 'redis://:100%pw@host'],
    ['DATABASE_URL', 'postgres://user:100%@host/db'],
    ['SCHEMA_REGISTRY_URL', 'http://user:100%@host'],
  ])('include a percent sign in %s that begins no sign of an address', (name, address) => {
    expect(faultsOf({ [name]: address })).toEqual([
      `${name} has a % that begins no sign such as %2F: write it as %25`,
    ])
  })

  it('are none for headers of a collector with a percent sign, which are sent as they are', async () => {
    const configuration = configurationOf({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
      OTEL_EXPORTER_OTLP_HEADERS: 'x-api-key=100%',
    })
    await using traces = await openTraces(configuration, realSystem)
    expect(traces.interceptor).toBeDefined()
  })

  it.each([
    [{ SOURCE_TOPIC: 'datos_procesados' }, 'SOURCE_TOPIC and RESULT_TOPIC are both datos_procesados'],
    [{ RESULT_TOPIC: 'datos_crudos' }, 'SOURCE_TOPIC and RESULT_TOPIC are both datos_crudos'],
    [{ SOURCE_TOPIC: 'q', RESULT_TOPIC: 'q' }, 'SOURCE_TOPIC and RESULT_TOPIC are both q'],
    [
      { SOURCE_TOPIC: 'llm.requests' },
      'SOURCE_TOPIC is a topic that the application uses between its stages',
    ],
    [
      { RESULT_TOPIC: 'answers.topology' },
      'RESULT_TOPIC is a topic that the application uses between its stages',
    ],
    [
      { TOPIC_PREFIX: 'a.', SOURCE_TOPIC: 'a.llm.errors' },
      'SOURCE_TOPIC is a topic that the application uses',
    ],
  ])('include one topic with two uses, whose records would circle without end: %j', (environment, fault) => {
    expect(faultsOf(environment)).toEqual([expect.stringContaining(fault)])
  })

  it('are none for the topics of an application under another prefix', () => {
    expect(
      faultsOf({ TOPIC_PREFIX: 'a.', SOURCE_TOPIC: 'datos_procesados', RESULT_TOPIC: 'llm.errors' }),
    ).toEqual([])
  })

  it('include settings that contradict each other', () => {
    expect(faultsOf({ RETRY_BASE_MS: '5000', RETRY_CAP_MS: '100' })).toEqual([
      'RETRY_CAP_MS is 100; it must be at least RETRY_BASE_MS, 5000',
    ])
  })
})

it('a setting takes milliseconds if, and only if, its name ends in _MS', () => {
  const rows: readonly { environment: string; unit?: string }[] = Object.values(SETTINGS)
  expect(rows.filter(({ environment, unit }) => environment.endsWith('_MS') !== (unit === 'ms'))).toEqual([])
})

describe('docs/configuration.md', () => {
  it('is made from the table; after a change, run this test with --update', async () => {
    const rows = Object.entries(SETTINGS).map(([key, row]) => {
      const { environment, type, description } = row
      const unit = 'unit' in row ? (row.unit ?? '') : ''
      const shown = 'defaultText' in row ? row.defaultText : String(row.default)
      return `| \`${environment}\` | \`${key}\` | ${type} | ${shown || 'empty'} | ${unit} | ${description} |`
    })
    const page = [
      '# Configuration',
      '',
      'Settings come from the environment, and from nowhere else. A command checks all of them when it starts. It lists each',
      'faulty value with what would be valid, and starts nothing (exit code 3). An empty variable counts as absent.',
      'Without any setting, everything runs in one process: a log on the disk and a simulated model.',
      '',
      'A time is a whole number in the unit of its row. A name that ends in `_MS` takes milliseconds.',
      '',
      'The limits of the engine itself are in [limits](limits.md).',
      '',
      '| variable | key | type | default | unit | meaning |',
      '| --- | --- | --- | --- | --- | --- |',
      ...rows,
      '',
    ].join('\n')
    await expect(page).toMatchFileSnapshot('../../../docs/configuration.md')
  })
})

it('ADOPT_TOPICS takes the ids of topics that were made again', () => {
  expect(configurationOf({ ADOPT_TOPICS: 'Ab_1=start, Cd-2=position' }).adoptTopics).toEqual({
    Ab_1: 'start',
    'Cd-2': 'position',
  })
})

test('the values of OTEL_EXPORTER_OTLP_HEADERS are secrets one by one, as the collector gets them', () => {
  const secrets = secretsIn({ OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=a,x-api-key=SECRET%2FVALUE' })
  expect(secrets).toContain('SECRET%2FVALUE')
  expect(secrets).toContain('SECRET/VALUE')
})
