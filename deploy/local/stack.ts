/**
 * The real services on one machine without containers: `npm run stack -- up|down|reset|status [--brokers 3] [--only a,b]`.
 * `up` and `down` may be repeated; `reset` deletes the data and keeps the downloads; `status` ends with 1 unless all run.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { BROKERS_MAX, STACK_FOLDER } from './addresses.ts'
import { kafka } from './kafka.ts'
import { postgres } from './postgres.ts'
import { pidOf, startProcess, stopProcess } from './process.ts'
import { prometheus } from './prometheus.ts'
import { redis } from './redis.ts'
import { registry } from './registry.ts'
import type { Service } from './service.ts'
import { StackError } from './stack-error.ts'

const USAGE =
  'usage: npm run stack -- up|down|reset|status [--brokers 1|3] [--only kafka,registry,postgres,redis,prometheus]'

interface Request {
  readonly command: string
  readonly brokers: number
  readonly only: readonly string[] | undefined
}

async function main(): Promise<void> {
  const request = requestOf(process.argv.slice(2))
  if (request.command === 'up') return up(request)
  if (request.command === 'status') return status(request)
  await down(request)
  if (request.command === 'reset')
    for (const each of chosen(request)) rmSync(each.dataFolder, { recursive: true, force: true })
}

function requestOf(args: readonly string[]): Request {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { brokers: { type: 'string', default: '1' }, only: { type: 'string' } },
  })
  const [command = '', ...rest] = positionals
  const brokers = Number(values.brokers)
  if (rest.length > 0 || !['up', 'down', 'reset', 'status'].includes(command)) throw new StackError(USAGE)
  if (brokers !== 1 && brokers !== BROKERS_MAX) throw new StackError(USAGE)
  return { command, brokers, only: values.only?.split(',') }
}

async function up(request: Request): Promise<void> {
  const services = chosen(request)
  const missing = [...new Set(services.flatMap(each => each.missing()))]
  if (missing.length > 0) throw new StackError(['missing on this machine:', ...missing].join('\n- '))
  refuseOtherSize(request)
  mkdirSync(STACK_FOLDER, { recursive: true })
  await Promise.all(services.map(start))
}

async function start(service: Service): Promise<void> {
  await service.prepare()
  const outcomes = await Promise.all(service.processes.map(startProcess))
  await service.afterStart?.()
  console.log(
    `${service.name}: ${outcomes.includes('started') ? 'started' : 'running'} at ${service.address}`,
  )
}

/** Brokers of a running cluster cannot be joined by those of another. */
function refuseOtherSize({ brokers, only }: Request): void {
  const other = kafka(STACK_FOLDER, brokers === 1 ? BROKERS_MAX : 1)
  if ((only?.includes('kafka') ?? true) && other.processes.some(pidOf)) {
    throw new StackError(
      `Kafka runs with ${other.processes.length} broker(s); first: npm run stack -- down --only kafka`,
    )
  }
}

async function down(request: Request): Promise<void> {
  const services = [
    ...chosen(request),
    ...chosen({ ...request, brokers: BROKERS_MAX, only: onlyKafka(request) }),
  ]
  for (const service of services) {
    const outcomes = await Promise.all(service.processes.map(stopProcess))
    if (outcomes.includes('stopped')) console.log(`${service.name}: stopped`)
  }
}

/** However many brokers run, `down` finds them. */
const onlyKafka = ({ only }: Request): readonly string[] =>
  (only?.includes('kafka') ?? true) ? ['kafka'] : []

async function status(request: Request): Promise<void> {
  const processes = chosen(request).flatMap(service =>
    service.processes.map(each => ({ service, pid: pidOf(each), name: each.name })),
  )
  for (const { service, pid, name } of processes) {
    console.log(`${name}: ${pid === undefined ? 'down' : `up, pid ${pid}`} (${service.address})`)
  }
  if (processes.some(each => each.pid === undefined)) process.exitCode = 1
}

function chosen({ brokers, only }: Request): readonly Service[] {
  const all = [
    kafka(STACK_FOLDER, brokers),
    registry(STACK_FOLDER),
    postgres(STACK_FOLDER),
    redis(STACK_FOLDER),
    prometheus(STACK_FOLDER),
  ]
  const unknown = only?.filter(name => !all.some(each => each.name === name)) ?? []
  if (unknown.length > 0) throw new StackError(`unknown service ${unknown.join(', ')}\n${USAGE}`)
  return all.filter(each => only?.includes(each.name) ?? each.isOptional !== true)
}

await main().catch(error => {
  console.error(error instanceof StackError ? error.message : error)
  process.exitCode = 1
})
