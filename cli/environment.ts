/** Reads the settings of the table from the environment, and checks them all at once. */

import { TOPICS } from '#answers/topics.ts'
import { CaudalError } from '#core/errors.ts'
import { secretsOfAddress, secretsOfHeaders } from '#core/secrets.ts'
import { type Configuration, SETTINGS, type SettingName } from './configuration.ts'
import { Fault, type Row } from './setting-rows.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** The text of a setting in the environment. Empty if the variable is absent or empty. */
function foundOf({ environment, alsoSmall }: Row<unknown>, all: Environment): string {
  const small = alsoSmall ? all[environment.toLowerCase()]?.trim() : undefined
  return small || (all[environment]?.trim() ?? '')
}

/** Reads and checks all settings at once; an empty variable counts as absent. Throws CONFIGURATION_INVALID with every fault. */
export function configurationOf(environment: Environment): Configuration {
  const faults: string[] = []
  const given = new Set<SettingName>()
  const values = {} as Record<SettingName, unknown> // Filled row by row.
  for (const key of Object.keys(SETTINGS) as SettingName[]) {
    // Object.keys forgets the names of a constant.
    const row: Row<unknown> = SETTINGS[key]
    const found = foundOf(row, environment)
    if (found !== '') given.add(key)
    const value = found === '' ? row.default : row.parse(found)
    if (value instanceof Fault)
      faults.push(`${row.environment} ${value.reason}${mayBeSecret(row) ? '' : `, not "${found}"`}`)
    else values[key] = value
  }
  const configuration = { ...values, given } as unknown as Configuration // Filled from every row above, unless there are faults.
  faults.push(...relationFaults(configuration))
  if (faults.length > 0) throw new CaudalError('CONFIGURATION_INVALID', { faults: faults.join('\n') })
  return Object.freeze(configuration)
}

/** A key that was put where an address belongs is a key all the same. */
const mayBeSecret = ({ secret, type }: Row<unknown>): boolean => secret === true || type === 'address'

/** All secrets that the environment holds, fit for use or not: whatever is printed must not have them. */
export function secretsIn(environment: Environment): readonly string[] {
  return Object.values<Row<unknown>>(SETTINGS).flatMap(row => {
    const found = foundOf(row, environment)
    if (row.type === 'address') return secretsOfAddress(found)
    const inside = row.environment === SETTINGS.otlpHeaders.environment ? secretsOfHeaders(found) : []
    return row.secret ? [found, ...found.split(/\s+/), ...inside] : []
  })
}

/** Settings that do not fit each other. One that is at fault by itself is absent here, and compares as neither. */
function relationFaults(configuration: Configuration): readonly string[] {
  const { given, retryCapMs, retryBaseMs } = configuration
  const faults: string[] = []
  const needs = (key: SettingName, other: SettingName) => {
    if (given.has(key) && !given.has(other)) faults.push(needing(key, other, 'to be set'))
  }
  if (retryCapMs < retryBaseMs)
    faults.push(`RETRY_CAP_MS is ${retryCapMs}; it must be at least RETRY_BASE_MS, ${retryBaseMs}`)
  for (const key of ['kafkaSslCaFile', 'kafkaSslCertificateFile', 'kafkaSslKeyFile'] as const)
    if (given.has(key) && configuration.kafkaSsl === false)
      faults.push(needing(key, 'kafkaSsl', 'to be true'))
  needs('kafkaSslCertificateFile', 'kafkaSslKeyFile')
  needs('kafkaSslKeyFile', 'kafkaSslCertificateFile')
  needs('kafkaSaslMechanism', 'kafkaSaslUsername')
  needs('kafkaSaslMechanism', 'kafkaSaslPassword')
  needs('kafkaSaslUsername', 'kafkaSaslMechanism')
  needs('kafkaSaslPassword', 'kafkaSaslMechanism')
  return [...faults, ...topicFaults(configuration)]
}

/** A topic with two uses would feed the pipeline with what the pipeline wrote: questions without end, each paid for. */
function topicFaults({
  topicPrefix = '',
  application,
  sourceTopic,
  resultTopic,
}: Configuration): readonly string[] {
  const { raw, delivered, ...between } = TOPICS
  const source = sourceTopic || `${topicPrefix}${raw}`
  const result = resultTopic || `${topicPrefix}${delivered}`
  const used = Object.values(between).map(topic => `${topicPrefix}${topic}`)
  const isInternal = (topic: string) =>
    used.includes(topic) || topic.startsWith(`${topicPrefix}${application}.`)
  const faults = (['sourceTopic', 'resultTopic'] as const)
    .filter(key => isInternal(key === 'sourceTopic' ? source : result))
    .map(
      key =>
        `${SETTINGS[key].environment} is a topic that the application uses between its stages: name another`,
    )
  if (source === result)
    faults.push(
      `SOURCE_TOPIC and RESULT_TOPIC are both ${source}: answers would be asked as questions; name two topics`,
    )
  return faults
}

const needing = (key: SettingName, other: SettingName, wanted: string): string =>
  `${SETTINGS[key].environment} needs ${SETTINGS[other].environment} ${wanted}`
