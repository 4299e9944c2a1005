/** A pipeline that a person or a script watches: fed, shown while it works, summed up at the end. */

import { behind, podLag } from '#admin/lag.ts'
import { type Summary, summaryOf } from '#admin/status.ts'
import { Tally } from '#admin/tally.ts'
import { cut } from '#core/cut.ts'
import { reasonOf } from '#core/errors.ts'
import { sleep } from '#core/system.ts'
import { podOf } from '#engine/client/running-pod.ts'
import type { Pod } from '#engine/pod/pod.ts'
import { AnswersService } from '#pipelines/answers-service.ts'
import type { Surroundings } from '../command/command.ts'
import type { Configuration } from '../configuration.ts'
import type { InputFile } from '../events/events.ts'
import { feed } from '../events/feed.ts'
import { jsonLogger } from '../logger.ts'
import { levelsIn, openLogLines, type ProcessLog } from '../logging.ts'
import { isEmbedded } from '../parts.ts'
import { openPipeline, type Pipeline } from '../pipeline.ts'
import { openTraces } from '../tracing.ts'
import { Asker } from './ask.ts'
import { outcomeLine, stageTable } from './dashboard.ts'
import { Examples } from './examples-table.ts'
import { frontOf } from './front.ts'
import { LiveView, progressLine } from './live-view.ts'
import { spendingLines, summaryLines } from './summary.ts'
import { things } from './text-table.ts'

const TICK_MS = 200
/** Where nothing can be redrawn, lines come seldom. */
const PLAIN_LINE_MS = 2_000
const TROUBLE_CHARACTERS_MAX = 300
/** Longer than a retry within a lane, shorter than patience. */
const STUCK_AFTER_MS = 5_000
/** Longer than a login that is renewed. */
const REFUSED_AFTER_MS = 10_000
/** How long a run that was ended counts what is in its log. */
const COUNTED_WITHIN_MS = 5_000

export interface SessionOptions extends Surroundings {
  /** What is fed, looked through and found fit to be fed. */
  readonly input: Input | undefined
  /** Ends when everything is answered, instead of serving on. */
  readonly exit: boolean
  /** When the run began by the monotonic clock, for the seconds of its summary. */
  readonly began: number
}

export interface Input {
  readonly name: string
  readonly file: InputFile
}

export interface SessionEnd {
  /** Absent where nothing was counted. */
  readonly summary: Summary | undefined
  readonly isDrained: boolean
  /** Why tasks are blocked, where that kept it from its end. */
  readonly blockedBy: readonly string[]
  /** Why no call can be made until a person has acted, where that kept it from its end. */
  readonly refusedBy: readonly string[]
}

export async function runSession(configuration: Configuration, options: SessionOptions): Promise<SessionEnd> {
  const view = new LiveView(options.stdout)
  using lines = linesOf(configuration, view, options)
  const { logger } = lines
  const serving = { ...options, logger }
  await using front = await frontOf(configuration, serving)
  await using traces = await openTraces(configuration, options.system)
  const { interceptor } = traces
  await using pipeline = await openPipeline(configuration, { ...serving, interceptor })
  // Closed before the pipeline, whose log it follows.
  await using _questions = await front?.open(pipeline)
  view.note(placesLine(configuration, pipeline, front?.line))
  const session = new Session(configuration, options, pipeline, view)
  try {
    return await session.run()
  } finally {
    session.close()
  }
}

function placesLine(configuration: Configuration, { model }: Pipeline, gateway: string | undefined): string {
  const { dataFolder, kafkaBrokers } = configuration
  const log = isEmbedded(configuration) ? dataFolder : kafkaBrokers.join(', ')
  return [`Model: ${model}`, `Log: ${log}`, ...(gateway === undefined ? [] : [gateway])].join('\n')
}

/** On a terminal, only what a person must know, above the view; elsewhere as configured. */
function linesOf(configuration: Configuration, view: LiveView, options: SessionOptions): ProcessLog {
  if (!view.isLive || configuration.logFormat === 'json') return openLogLines(configuration, options)
  const { stderr, system } = options
  const write = (line: string) => (stderr.isTTY ? view.note(line) : stderr.write(line))
  const level = levelsIn(configuration).level === 'error' ? 'error' : 'warn'
  const logger = jsonLogger({ write, levels: { level, parts: [] }, system })
  return { logger, [Symbol.dispose]: () => {} }
}

class Session {
  readonly #configuration: Configuration
  readonly #options: SessionOptions
  readonly #pipeline: Pipeline
  readonly #view: LiveView
  readonly #tally: Tally
  readonly #examples = new Examples()
  readonly #asker: Asker
  /** Aborted by the user, or with the error that ended the pod. */
  readonly #signal: AbortSignal
  #failure: unknown
  /** Events of the input that were left out. */
  #tooLarge = 0
  /** On Kafka, counting reads whole topics of others: only who waits for the end of it wants that. */
  readonly #counts: boolean
  #plainAt = Number.NEGATIVE_INFINITY
  #quietSince: number | undefined
  #refusedSince: number | undefined

  constructor(configuration: Configuration, options: SessionOptions, pipeline: Pipeline, view: LiveView) {
    this.#configuration = configuration
    this.#options = options
    this.#pipeline = pipeline
    this.#view = view
    this.#counts = isEmbedded(configuration) || options.exit
    const { log, running, plan } = pipeline
    const service = new AnswersService({ log, plan, name: 'asked', system: options.system })
    this.#asker = new Asker({ service, say: text => view.note(text) })
    this.#tally = new Tally({
      delivered: delivered => {
        this.#examples.add(delivered)
        this.#asker.delivered(delivered)
      },
      failed: failed => this.#asker.failed(failed),
    })
    const ended = new AbortController()
    running.ended.catch(error => {
      this.#failure = error
      ended.abort()
    })
    this.#signal = AbortSignal.any([options.signal, ended.signal])
  }

  async run(): Promise<SessionEnd> {
    const { log, plan, ledger } = this.#pipeline
    const { system, exit, began } = this.#options
    await this.#feed()
    if (this.#counts) await this.#tally.start(log, system, plan)
    const isDrained = await this.#untilDrained()
    if (this.#counts && !isDrained) await this.#untilCounted()
    const blockedBy = this.#options.exit && !isDrained ? this.#blockedBy() : []
    const elapsedMs = system.monotonic() - began
    if (isDrained || (exit && this.#counts && this.#failure === undefined)) this.#tell(elapsedMs)
    if (isDrained && !exit) await this.#serve()
    if (this.#failure !== undefined) throw this.#failure
    const summary = this.#counts ? summaryOf(this.#tally, ledger.twice, elapsedMs, this.#tooLarge) : undefined
    const refusedBy =
      this.#options.exit && !isDrained && this.#isRefused() ? this.#pipeline.setupFaults() : []
    return { summary, isDrained, blockedBy, refusedBy }
  }

  close(): void {
    this.#tally.close()
  }

  async #feed(): Promise<void> {
    const { input, system } = this.#options
    if (input === undefined) return
    const { log } = this.#pipeline
    const { events, eventsTotal } = input.file
    const began = system.monotonic()
    const { fed, known, tooLarge } = await feed({
      log,
      system,
      events,
      once: input.name,
      signal: this.#signal,
      onTooLarge: (line, bytes) =>
        this.#view.note(
          `Line ${line} of ${input.name} was not fed: it has ${bytes} bytes, ${log.recordBytesMax} are taken at most.`,
        ),
      onProgress: done => this.#show([progressLine('events', done, eventsTotal, system.monotonic() - began)]),
    })
    this.#tooLarge = tooLarge
    this.#view.clear()
    const before = known > 0 ? `; ${things(known, 'event')} of it were there from an earlier run` : ''
    this.#view.note(`Fed: ${things(fed, 'event')} of ${input.name}${before}\n`)
  }

  /** Redrawn on a terminal; elsewhere a line now and then. */
  #show(lines: readonly string[]): void {
    const now = this.#options.system.monotonic()
    if (this.#view.isLive) this.#view.draw(lines)
    else if (now - this.#plainAt >= PLAIN_LINE_MS) {
      this.#plainAt = now
      this.#view.note(lines.join('\n'))
    }
  }

  /** False when the session was ended before. */
  async #untilDrained(): Promise<boolean> {
    for (;;) {
      if (this.#signal.aborted) return false
      const drained = await this.#isDrained()
      if (drained && this.#counts) await this.#tally.caughtUp()
      this.#draw(drained)
      if (drained) return true
      if (this.#options.exit && (this.#isStuck() || this.#isRefused())) return false
      await this.#pause(TICK_MS)
    }
  }

  /** Also after an abort the summary has what was fed. A log that is away ends the wait. */
  async #untilCounted(): Promise<void> {
    const counted = new AbortController()
    const late = sleep(this.#options.system, COUNTED_WITHIN_MS, counted.signal)
    await Promise.race([this.#tally.caughtUp(), late]).catch(() => undefined) // The summary has what was counted.
    late.catch(() => undefined) // The abort ends the wait.
    counted.abort()
  }

  /** Tasks are blocked, and the others have had nothing to do for a while: waiting longer ends nothing. */
  #isStuck(): boolean {
    const pod = podOf(this.#pipeline.running)
    const now = this.#options.system.monotonic()
    const isQuiet = this.#blockedBy().length > 0 && isQuietBesides(pod)
    this.#quietSince = isQuiet ? (this.#quietSince ?? now) : undefined
    return this.#quietSince !== undefined && now - this.#quietSince >= STUCK_AFTER_MS
  }

  /** No provider takes a call, and none will by itself. */
  #isRefused(): boolean {
    const now = this.#options.system.monotonic()
    const isRefused = this.#pipeline.setupFaults().length > 0
    this.#refusedSince = isRefused ? (this.#refusedSince ?? now) : undefined
    return this.#refusedSince !== undefined && now - this.#refusedSince >= REFUSED_AFTER_MS
  }

  #blockedBy(): readonly string[] {
    const { tasks } = this.#pipeline.running.status()
    const blocked = tasks.filter(({ phase }) => phase === 'blocked')
    return blocked.map(({ blockedBy }) => reasonOf(blockedBy))
  }

  /** One pod alone sees by its own commits that nothing is left; among several, only the outcomes tell. */
  async #isDrained(): Promise<boolean> {
    const { log, plan, running } = this.#pipeline
    const pod = podOf(running)
    if (!this.#counts) return false
    if (!pod.isIdle) return (await this.#isStoreAway()) && this.#isAnswered()
    if (!isEmbedded(this.#configuration)) return this.#tally.open <= 0
    return behind(await podLag(log, plan, pod)) === 0
  }

  /** What waits for a store that is away is no answer: the next run writes it. */
  async #isStoreAway(): Promise<boolean> {
    const checks = this.#pipeline.stores.health.map(async ({ check }) => check())
    return (await Promise.allSettled(checks)).some(({ status }) => status === 'rejected')
  }

  async #isAnswered(): Promise<boolean> {
    await this.#tally.caughtUp()
    return this.#tally.open <= 0
  }

  #draw(isLast: boolean): void {
    const { system, began } = this.#options
    const elapsedMs = system.monotonic() - began
    const outcomes = this.#counts ? outcomeLine(this.#tally, elapsedMs) : ''
    const { plan, running, troubles } = this.#pipeline
    if (this.#view.isLive) {
      const stages = stageTable(plan, running.metrics, this.#tally)
      this.#view.draw([...stages, '', ...troubles().map(line => cut(line)), outcomes])
    } else if (isLast || system.monotonic() - this.#plainAt >= PLAIN_LINE_MS) {
      this.#plainAt = system.monotonic()
      this.#view.note(
        [outcomes, ...(isLast ? [] : troubles().map(line => cut(line, TROUBLE_CHARACTERS_MAX)))].join('\n'),
      )
    }
  }

  #tell(elapsedMs: number): void {
    this.#view.settle()
    const summary = summaryOf(this.#tally, this.#pipeline.ledger.twice, elapsedMs, this.#tooLarge)
    const spent = spendingLines(this.#tally)
    const lines = [
      '',
      ...this.#examples.lines(this.#view.width),
      '',
      ...spent,
      '',
      ...summaryLines(summary, this.#tally),
    ]
    this.#view.note(lines.join('\n'))
  }

  async #serve(): Promise<void> {
    const { stdin } = this.#options
    if (stdin.isTTY) {
      this.#view.note('\nEverything is answered. Type a question, or help, or stop with Ctrl+C.')
      this.#asker.start(stdin, this.#signal)
    } else this.#view.note('\nEverything is answered. Serving until stopped.')
    while (!this.#signal.aborted) await this.#pause(3_600_000)
  }

  async #pause(delayMs: number): Promise<void> {
    // An abort ends the pause; the caller of the pause looks at the signal.
    await sleep(this.#options.system, delayMs, this.#signal).catch(() => undefined)
  }
}

function isQuietBesides({ tasks, isCommitted }: Pod): boolean {
  const running = tasks.filter(({ phase }) => phase === 'running')
  const isBusy = running.some(
    ({ work, intakes }) => (work?.inFlight ?? 0) > 0 || intakes.some(({ buffered }) => buffered > 0),
  )
  return isCommitted && !isBusy
}
