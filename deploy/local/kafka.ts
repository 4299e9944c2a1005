/**
 * Kafka in KRaft mode: one broker, or a cluster of three. Each process is broker and controller at once.
 *
 * Clusters of different sizes keep their data apart, because the voters of a cluster are written into it.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brokerAddresses, PORTS, STACK_FOLDER } from './addresses.ts'
import { downloadJars } from './artifacts.ts'
import { type BrokerPlace, CLUSTER_ID, LOGGING, serverProperties } from './kafka-properties.ts'
import { createCertificate, scramCredentials } from './kafka-security.ts'
import { missingJava, missingMaven } from './prerequisites.ts'
import type { BackgroundProcess } from './process.ts'
import { runCommand } from './run-command.ts'
import type { Service } from './service.ts'

const VERSION = '4.3.1'
const JARS = join(STACK_FOLDER, 'downloads', `kafka-${VERSION}`)

/** Several clusters live side by side when each has a root and ports of its own; they share the downloads. */
export function kafka(
  root: string,
  brokers: number,
  portOffset = 0,
  settings: BrokerPlace['settings'] = {},
): Service {
  const dataFolder = join(root, 'kafka')
  const nodes = Array.from({ length: brokers }, (_, index) => index + 1)
  const security = securityFolder(root)
  const places = nodes.map(node => ({
    folder: join(dataFolder, `of-${brokers}`, String(node)),
    security,
    node,
    brokers,
    portOffset,
    settings,
  }))
  return {
    name: 'kafka',
    address: brokerAddresses(brokers, portOffset).join(','),
    missing: () => [...missingJava(), ...missingMaven()],
    async prepare() {
      await downloadKafka()
      await createCertificate(security)
      for (const place of places) await format(place.folder, serverProperties(place))
    },
    processes: places.map(place => brokerProcess(root, place)),
    dataFolder,
  }
}

/** The folder of Kafka's jars, which Maven fills where they are not there yet. */
export async function downloadKafka(): Promise<string> {
  await downloadJars(join(import.meta.dirname, 'kafka-pom.xml'), JARS)
  return JARS
}

/** Holds the key of the secured listener, and its certificate as `certificate.pem` for clients. */
export function securityFolder(root: string): string {
  return join(root, 'kafka-security')
}

function brokerProcess(root: string, { folder, node, portOffset }: BrokerPlace): BackgroundProcess {
  return {
    name: `kafka broker ${node}`,
    command: 'java',
    arguments: [
      '-Xms256m',
      '-Xmx512m',
      `-Dlog4j2.configurationFile=${join(folder, LOGGING.file)}`,
      '-cp',
      join(JARS, '*'),
      'kafka.Kafka',
      join(folder, 'server.properties'),
    ],
    mark: join(folder, 'server.properties'),
    pidFile: join(root, 'pids', `kafka-${node}.pid`),
    logFile: join(root, 'logs', `kafka-${node}.log`),
    port: PORTS.kafka + portOffset + node - 1,
    readyWithinMs: 60_000,
  }
}

/** Lays out the folder of one node; a node that has data keeps it and gets the current settings. */
async function format(folder: string, properties: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const settings = join(folder, 'server.properties')
  writeFileSync(settings, properties)
  writeFileSync(join(folder, LOGGING.file), LOGGING.text)
  if (existsSync(join(folder, 'data', 'meta.properties'))) return
  await runCommand('java', [
    `-Dlog4j2.configurationFile=${join(folder, LOGGING.file)}`,
    '-cp',
    join(JARS, '*'),
    'kafka.tools.StorageTool',
    'format',
    '-t',
    CLUSTER_ID,
    '-c',
    settings,
    ...scramCredentials(),
  ])
}
