/** The Apicurio schema registry, which speaks the Confluent API; its schemas are kept in a file of the H2 database. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { HOST, PORTS, REGISTRY_URL } from './addresses.ts'
import { downloadArchive } from './artifacts.ts'
import { missingJava, missingMaven } from './prerequisites.ts'
import type { Service } from './service.ts'

/** The last version that runs on Java 17. */
const VERSION = '3.0.9'

export function registry(root: string): Service {
  const folder = join(root, 'downloads', `registry-${VERSION}`)
  const dataFolder = join(root, 'registry')
  return {
    name: 'registry',
    address: REGISTRY_URL,
    missing: () => [...missingJava(), ...missingMaven()],
    async prepare() {
      await downloadArchive(`io.apicurio:apicurio-registry-app:${VERSION}:tar.gz:all`, folder)
      mkdirSync(dataFolder, { recursive: true })
    },
    processes: [
      {
        name: 'registry',
        command: 'java',
        arguments: [
          '-Xmx256m',
          `-Dquarkus.http.host=${HOST}`,
          `-Dquarkus.http.port=${PORTS.registry}`,
          '-Dapicurio.storage.kind=sql',
          '-Dapicurio.storage.sql.kind=h2',
          `-Dapicurio.datasource.url=jdbc:h2:file:${join(dataFolder, 'schemas')}`,
          '-jar',
          join(folder, `apicurio-registry-app-${VERSION}-runner.jar`),
        ],
        mark: dataFolder,
        pidFile: join(root, 'pids', 'registry.pid'),
        logFile: join(root, 'logs', 'registry.log'),
        port: PORTS.registry,
        readyWithinMs: 90_000,
        ready: isReady,
      },
    ],
    dataFolder,
  }
}

async function isReady(): Promise<boolean> {
  return fetch(`${REGISTRY_URL}/subjects`).then(
    answer => answer.ok,
    () => false,
  )
}
