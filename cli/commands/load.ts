/** `caudal load`: sends events at a stated rate, measures how long each takes, and checks that each has one outcome. */
import { readFileSync, writeFileSync } from 'node:fs'
import { TASK_TYPES } from '#answers/task-types/index.ts'
import { TOPICS } from '#answers/topics.ts'
import { CaudalError, reasonOf } from '#core/errors.ts'
import { generate } from '#load/generator.ts'
import { htmlReport } from '#load/html-report.ts'
import { HttpTarget } from '#load/http-target.ts'
import { LogTarget } from '#load/log-target.ts'
import { machine } from '#load/machine.ts'
import type { Measured, Meter } from '#load/meter.ts'
import type { LoadProfile } from '#load/profile.ts'
import type { Asked } from '#load/questions.ts'
import { compared, isLoadReport, type LoadReport, percentileLine, reportLines } from '#load/report.ts'
import type { Target } from '#load/target.ts'
import { type Condition, conditionsIn, figuresOf, holding } from '#load/verdict.ts'
import { publicHosts } from '#load/whose.ts'
import {
  type CommandContext,
  command,
  EXIT,
  type ExitCode,
  type OptionValues,
  type Surroundings,
} from '../command/command.ts'
import type { Configuration } from '../configuration.ts'
import { datasetIn } from '../events/dataset.ts'
import { isEmbedded } from '../parts.ts'
import { LiveView } from '../terminal/live-view.ts'
import { loadTimesOf } from '../terminal/load-profile.ts'
import { count, table } from '../terminal/text-table.ts'
import { type Tool, withLog } from '../tool.ts'

const OPTIONS = {
  rate: { type: 'string', value: 'N', description: 'events a second; 10 when left out' },
  duration: { type: 'string', value: 'TIME', description: 'how long events are sent; 30s when left out' },
  ramp: { type: 'string', value: 'TIME', description: 'the rate rises evenly for so long; 0s when left out' },
  burst: {
    type: 'string',
    value: 'N@TIME',
    description: 'so many events at one moment, beside the rate; several with commas',
  },
  dataset: {
    type: 'string',
    value: 'FILE',
    description: 'questions in any format that produce reads; made up when left out',
  },
  mix: { type: 'string', value: 'TYPE=N,...', description: 'task types and how often each comes' },
  organisations: {
    type: 'string',
    value: 'NAME=N,...',
    description: 'organisations and how often each asks',
  },
  repeat: {
    type: 'string',
    value: 'SHARE',
    description: 'share of events that ask what was asked before, 0 to 1',
  },
  hostile: {
    type: 'string',
    value: 'SHARE',
    description: 'share of events whose text is made to do harm, 0 to 1',
  },
  seed: { type: 'string', value: 'N', description: 'the same seed draws the same events; 1 when left out' },
  drain: {
    type: 'string',
    value: 'TIME',
    description: 'how long is waited for outcomes at the end; 60s when left out',
  },
  report: { type: 'string', value: 'FILE', description: 'writes the report as one HTML file' },
  json: { type: 'boolean', description: 'write the report as one JSON object' },
  compare: {
    type: 'string',
    value: 'FILE',
    description: 'an earlier report by --json: both are shown side by side',
  },
  'fail-if': {
    type: 'string',
    value: 'CONDITION,...',
    description: 'end with 7 where one holds, such as p99>500ms or failed.share>1%',
  },
  gateway: {
    type: 'string',
    value: 'URL',
    description: 'ask over HTTP, as callers do, instead of writing into the topic',
  },
  'key-file': { type: 'string', value: 'FILE', description: 'file with the key of the gateway' },
  'i-own-the-target': {
    type: 'boolean',
    description: 'send to what is outside of loopback and private networks',
  },
} as const

type Given = CommandContext<OptionValues<typeof OPTIONS>>['options']

export const load = command({
  details: `The generator is open: it sends each event when it is due, and counts latency from then. A run ends
with code 1 and lists the events unless each that was not refused has exactly one outcome, and one was acknowledged.
Figures for --fail-if: p50, p90, p95, p99, max (due to delivered), ack.p99 (due to durable), late.p99 (due to sent),
failed, failed.share, errors, errors.share, lost, doubled, delivered.rate and their like; units ms, s, %, /s.`,
  positionals: [],
  options: OPTIONS,
  examples: [
    'caudal load --rate 50 --duration 1m',
    'caudal load --gateway http://127.0.0.1:8080 --rate 20 --duration 10s',
    'KAFKA_BROKERS=localhost:9092 caudal load --rate 500/s --ramp 30s --duration 5m --report load.html',
    "caudal load --dataset questions.ndjson --repeat 0.2 --fail-if 'p99>5s,failed.share>1%'",
  ],
  run: async context => {
    const { options } = context
    const { profile, drainMs } = loadTimesOf(options, Object.keys(TASK_TYPES))
    const condition = options['fail-if']
    const conditions = condition === undefined ? [] : conditionsIn(condition)
    const before = options.compare === undefined ? undefined : reportIn(options.compare)
    const dataset = options.dataset === undefined ? [] : await datasetIn(options.dataset, context.stdin)
    // A report that cannot be written must not be found out after an hour.
    if (options.report !== undefined) written(options.report, '')
    const put = async (target: Target) => {
      const measured = await measure(target, context, { profile, drainMs, dataset })
      return await conclude({ profile, measured, conditions, before }, target, context)
    }
    if (options.gateway !== undefined)
      return await put(await gatewayTarget(options.gateway, profile, context))
    return await withLog(context, async tool => put(await logTarget(tool, context)), { doing: 'feeds' })
  },
})

interface Wanted {
  readonly profile: LoadProfile
  readonly drainMs: number
  readonly dataset: readonly Asked[]
}

async function logTarget(
  { log, plan, configuration }: Tool,
  { system, options }: CommandContext<Given>,
): Promise<Target> {
  const hosts = configuration.kafkaBrokers.map(address => address.replace(/:\d+$/, ''))
  await requireOwn(hosts, options)
  const [topic] = await log.describeTopics([TOPICS.raw])
  const partitions = topic?.partitions ?? 1
  return new LogTarget({ log, plan, system, partitions, description: described(configuration) })
}

async function gatewayTarget(
  url: string,
  { organisations, repeatedShare }: LoadProfile,
  { options, system }: CommandContext<Given>,
): Promise<Target> {
  const address = URL.canParse(url) ? new URL(url) : undefined
  if (!address || !['http:', 'https:'].includes(address.protocol))
    throw new CaudalError('REJECTED', { reason: `--gateway ${url} is no address of http:// or https://` })
  if (address.search || address.hash || address.username || address.password)
    throw new CaudalError('REJECTED', {
      reason:
        '--gateway takes an address without a query, a fragment and credentials; --key-file has the key',
    })
  if (Object.keys(organisations).length > 0)
    throw new CaudalError('REJECTED', {
      reason:
        '--organisations is for the log alone: at a gateway the key says which organisation asks, one run for each key',
    })
  await requireOwn([address.hostname], options)
  const path = options['key-file']
  return new HttpTarget({
    url: `${address.origin}${address.pathname}`,
    key: path === undefined ? undefined : textIn(path).trim(),
    // Repeated questions are to meet the answers of earlier ones.
    fresh: repeatedShare === 0,
    system,
  })
}

async function measure(
  target: Target,
  { system, signal, stderr }: Surroundings,
  wanted: Wanted,
): Promise<Measured> {
  const view = new LiveView(stderr)
  const onProgress = (meter: Meter, elapsedMs: number) => {
    if (view.isLive) view.draw(progressLines(meter, elapsedMs))
  }
  const run = `load-${system.now().toString(36)}-${Math.floor(system.random() * 36 ** 4).toString(36)}`
  try {
    return await generate({ ...wanted, target, system, run, signal, onProgress })
  } finally {
    view.clear()
  }
}

interface Judged {
  readonly profile: LoadProfile
  readonly measured: Measured
  readonly conditions: readonly Condition[]
  readonly before: LoadReport | undefined
}

async function conclude(
  { profile, measured, conditions, before }: Judged,
  target: Target,
  { options, stdout, system, signal }: CommandContext<Given>,
): Promise<ExitCode> {
  const met = holding(conditions, figuresOf(measured)).map(({ text }) => text)
  const report: LoadReport = {
    version: 1,
    target: target.description,
    machine: machine(),
    finishedAt: new Date(system.now()).toISOString(),
    profile,
    conditionsMet: met,
    measured,
  }
  if (options.report !== undefined) written(options.report, htmlReport(report))
  if (options.json) stdout.write(`${JSON.stringify(report)}\n`)
  else stdout.write(`${[...reportLines(report), ...(before ? comparison(report, before) : [])].join('\n')}\n`)
  if (signal.aborted) return EXIT.interrupted
  if (measured.acknowledged === 0 || measured.lost.count > 0 || measured.doubled.count > 0) return EXIT.failed
  return met.length > 0 ? EXIT.someFailed : EXIT.ok
}

async function requireOwn(hosts: readonly string[], options: Given): Promise<void> {
  const others = options['i-own-the-target'] ? [] : await publicHosts(hosts)
  if (others.length === 0) return
  throw new CaudalError('REJECTED', {
    reason: `${others.join(', ')} is neither this machine nor in a private network: add --i-own-the-target if the load may go there`,
  })
}

function progressLines(meter: Meter, elapsedMs: number): readonly string[] {
  const { sent, acknowledged, delivered, failed, toDelivered, lateness } = meter.figures()
  return [
    `${Math.floor(elapsedMs / 1_000)} s: ${count(sent)} sent, ${count(acknowledged)} acknowledged, ${count(delivered)} delivered, ${count(failed)} failed`,
    percentileLine('to delivered', toDelivered),
    percentileLine('sent later than due', lateness),
  ]
}

function comparison(now: LoadReport, before: LoadReport): readonly string[] {
  const told = (value: number | null) => (value === null ? '' : Number(value.toFixed(3)).toLocaleString('en'))
  const columns = ['figure', 'before', 'now', 'ratio']
  const rows = compared(now, before).map(each => [
    ...[each.figure, told(each.before), told(each.now)],
    each.ratio === null ? '' : each.ratio.toFixed(2),
  ])
  return [
    '',
    ...table(
      columns.map((title, index) => ({ title, align: index > 0 ? 'right' : 'left' })),
      rows,
    ),
  ]
}

function reportIn(path: string): LoadReport {
  const value = parsed(path)
  if (isLoadReport(value)) return value
  throw new CaudalError('REJECTED', { reason: `${path} is no report of caudal load --json` })
}

function textIn(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new CaudalError('REJECTED', { reason: `${path} cannot be read: ${reasonOf(error)}` }, error)
  }
}

function parsed(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new CaudalError('REJECTED', { reason: `${path} cannot be read as JSON: ${reasonOf(error)}` }, error)
  }
}

function written(path: string, text: string): void {
  try {
    writeFileSync(path, text)
  } catch (error) {
    throw new CaudalError('REJECTED', { reason: `${path} cannot be written: ${reasonOf(error)}` }, error)
  }
}

function described(configuration: Configuration): string {
  const { kafkaBrokers, dataFolder } = configuration
  return isEmbedded(configuration) ? `the log in ${dataFolder}` : `Kafka at ${kafkaBrokers.join(', ')}`
}
