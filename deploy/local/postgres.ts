/** PostgreSQL with a database and a superuser named caudal, open to loopback without a password. */
import { chownSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { HOST, PORTS, POSTGRES_URL } from './addresses.ts'
import { missingPostgres, postgresProgram, postgresUser } from './prerequisites.ts'
import { reachableFolder } from './reachable-folder.ts'
import { runCommand } from './run-command.ts'
import type { Service } from './service.ts'

export function postgres(root: string): Service {
  const dataFolder = reachableFolder(join(root, 'postgres'), postgresUser())
  return {
    name: 'postgres',
    address: POSTGRES_URL,
    missing: missingPostgres,
    prepare: () => createCluster(dataFolder),
    get processes() {
      const user = postgresUser()
      return [
        {
          name: 'postgres',
          command: programOf('postgres'),
          arguments: ['-D', dataFolder, '-h', HOST, '-p', String(PORTS.postgres), '-k', dataFolder],
          mark: dataFolder,
          pidFile: join(root, 'pids', 'postgres.pid'),
          logFile: join(root, 'logs', 'postgres.log'),
          // Ends sessions instead of waiting for them.
          stopSignal: 'SIGINT' as const,
          ...(user && { user }),
          port: PORTS.postgres,
          readyWithinMs: 20_000,
          ready: isReady,
        },
      ]
    },
    afterStart: createDatabase,
    dataFolder,
  }
}

async function createCluster(dataFolder: string): Promise<void> {
  if (existsSync(join(dataFolder, 'PG_VERSION'))) return
  const user = postgresUser()
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 })
  if (user) chownSync(dataFolder, user.uid, user.gid)
  const options = ['-U', 'caudal', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8']
  await runCommand(programOf('initdb'), ['-D', dataFolder, ...options], { user, folder: '/' })
}

async function isReady(): Promise<boolean> {
  return (await query('postgres', 'select 1').catch(() => '')).trim() === '1'
}

async function createDatabase(): Promise<void> {
  const found = await query('postgres', "select 1 from pg_database where datname = 'caudal'")
  if (found.trim() !== '1') await query('postgres', 'create database caudal')
}

function query(database: string, sql: string): Promise<string> {
  const target = `postgres://caudal@${HOST}:${PORTS.postgres}/${database}`
  return runCommand(programOf('psql'), ['-qAt', target, '-c', sql], { folder: '/' })
}

/** Where nothing is installed the bare name says so; `missing` has warned the user before anything is run. */
const programOf = (name: string): string => postgresProgram(name) ?? name
