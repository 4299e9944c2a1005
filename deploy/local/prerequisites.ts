/** Finds the programs that the local services need, and says what to install where one is missing. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { User } from './process.ts'

const JAVA_VERSION_MIN = 17
const POSTGRES_FOLDER = '/usr/lib/postgresql'

export function missingJava(): readonly string[] {
  const install = `Java ${JAVA_VERSION_MIN} or newer: apt-get install openjdk-17-jre-headless`
  const answer = spawnSync('java', ['-version'], { encoding: 'utf8' })
  const version = Number(/version "(\d+)/.exec(answer.stderr ?? '')?.[1] ?? 0)
  return version >= JAVA_VERSION_MIN ? [] : [install]
}

export function missingMaven(): readonly string[] {
  return runs('mvn', '--version')
    ? []
    : ['Maven, which downloads the services in Java: apt-get install maven']
}

export function missingPrometheus(): readonly string[] {
  return runs('prometheus', '--version') ? [] : ['Prometheus: apt-get install prometheus']
}

export function missingRedis(): readonly string[] {
  return runs('redis-server', '--version') ? [] : ['Redis: apt-get install redis-server']
}

export function missingPostgres(): readonly string[] {
  if (postgresProgram('initdb') === undefined) return ['PostgreSQL: apt-get install postgresql']
  if (isRoot() && idOf('postgres', '-u') === undefined) {
    return ['a user named postgres, because PostgreSQL does not run as root: useradd --system postgres']
  }
  return []
}

/** The path of a program of the newest PostgreSQL; Debian keeps most of them out of PATH. */
export function postgresProgram(name: string): string | undefined {
  const versions = existsSync(POSTGRES_FOLDER) ? readdirSync(POSTGRES_FOLDER).map(Number) : []
  const [newest] = versions.sort((a, b) => b - a)
  const path = join(POSTGRES_FOLDER, String(newest), 'bin', name)
  if (newest !== undefined && existsSync(path)) return path
  return runs(name, '--version') ? name : undefined
}

/** Whom PostgreSQL runs as: ourselves, or the user postgres where we are root; `missing` tells of one who does not exist. */
export function postgresUser(): User | undefined {
  if (!isRoot()) return undefined
  const [uid, gid] = [idOf('postgres', '-u'), idOf('postgres', '-g')]
  return uid === undefined || gid === undefined ? undefined : { uid, gid }
}

const isRoot = (): boolean => process.getuid?.() === 0

function idOf(user: string, flag: '-u' | '-g'): number | undefined {
  const answer = spawnSync('id', [flag, user], { encoding: 'utf8' })
  return answer.status === 0 ? Number(answer.stdout) : undefined
}

function runs(command: string, argument: string): boolean {
  return spawnSync(command, [argument]).status === 0
}
