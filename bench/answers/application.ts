/** The answer pipeline under measurement: its broker's log, a provider and pods as processes, and who reads the outcomes. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TOPICS } from '#answers/topics.ts'
import { SIMULATED } from '#cli/provider.ts'
import { type Tool, withLog } from '#cli/tool.ts'
import { invariant } from '#core/errors.ts'
import { realSystem } from '#core/system.ts'
import type { Log } from '#engine/log/log.ts'
import type { Profile } from '#models/simulated/profile.ts'
import { pause } from '../measuring.ts'
import { Outcomes } from './outcomes.ts'
import { type Environment, PodProcess } from './pod-process.ts'
import { ProviderProcess } from './provider-process.ts'
import type { Question } from './questions.ts'

export interface ApplicationOptions {
  readonly broker: string
  readonly profile: Partial<Profile>
  readonly pods: number
  /** Its schemas are kept in the log where there is none. */
  readonly registry?: string | undefined
  /** Beside what the application sets itself. */
  readonly environment?: Environment
}

const APPEND_RECORDS = 500
const POLL_MS = 50
const TELL_MS = 5_000

export class Application {
  readonly log: Log
  readonly provider: ProviderProcess
  readonly outcomes = new Outcomes()
  readonly pods: readonly PodProcess[]
  /** Ids of the questions asked, with when they were handed to the log. */
  readonly asked = new Map<string, number>()
  readonly folder = mkdtempSync(join(tmpdir(), 'caudal-answers-'))
  #failure = ''
  readonly #partitions: number

  constructor({ log, plan }: Tool, provider: ProviderProcess, options: ApplicationOptions) {
    this.log = log
    this.provider = provider
    this.#partitions = plan.topics.get(TOPICS.raw)?.partitions ?? 1
    this.pods = Array.from({ length: options.pods }, (_, index) => {
      const name = `pod-${index}`
      const own = { POD_NAME: name, DATA_DIR: join(this.folder, name) }
      const environment = { ...environmentOf(options), OPENAI_BASE_URL: provider.url, ...own }
      return new PodProcess(environment, join(this.folder, `${name}.log`), told => {
        this.#failure = told
      })
    })
  }

  get restarts(): number {
    return this.pods.reduce((sum, { restarts }) => sum + restarts, 0)
  }

  async ask(questions: readonly Question[]): Promise<void> {
    for (let at = 0; at < questions.length; at += APPEND_RECORDS) {
      const slice = questions.slice(at, at + APPEND_RECORDS)
      const timestamp = realSystem.now()
      const records = slice.map(({ event }) => ({
        key: null,
        value: Buffer.from(JSON.stringify(event)),
        headers: {},
        timestamp,
      }))
      for (const { id } of slice) this.asked.set(id, timestamp)
      const batches = Array.from({ length: this.#partitions }, (_, partition) => ({
        topic: TOPICS.raw,
        partition,
        records: records.filter((_, index) => (at + index) % this.#partitions === partition),
      }))
      await this.log.append(batches.filter(batch => batch.records.length > 0))
    }
  }

  /** Waits for a condition; fails when a pod ended by itself or the time is over. */
  async until(condition: () => boolean, withinMs: number, what: string): Promise<void> {
    const end = realSystem.now() + withinMs
    while (!condition()) {
      invariant(this.#failure === '', this.#failure)
      invariant(realSystem.now() < end, `${what} within ${withinMs} ms: ${this.progress}`)
      await pause(POLL_MS)
    }
  }

  async untilSettled(withinMs: number, say: (text: string) => void = () => {}): Promise<void> {
    const telling = setInterval(() => say(this.progress), TELL_MS)
    const isSettled = () => this.outcomes.byId.size >= this.asked.size
    try {
      await this.until(isSettled, withinMs, 'every question has an outcome')
    } finally {
      clearInterval(telling)
    }
    await this.outcomes.caughtUp()
  }

  /** Resolves as soon as a reader has the outcome. */
  async answered(id: string, withinMs: number): Promise<void> {
    const end = realSystem.now() + withinMs
    while (!this.outcomes.byId.has(id)) {
      invariant(realSystem.now() < end && this.#failure === '', this.#failure || `no outcome of ${id}`)
      await this.outcomes.next()
    }
  }

  get progress(): string {
    return `${this.outcomes.byId.size} of ${this.asked.size} questions have an outcome`
  }

  async end(): Promise<void> {
    await Promise.all(this.pods.map(pod => pod.stop()))
    this.outcomes.close()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Starts provider, readers and pods, and ends them when the work is done or has failed. */
export async function withApplication<T>(
  options: ApplicationOptions,
  work: (application: Application) => Promise<T>,
): Promise<T> {
  const { stdin, stdout, stderr } = process
  const { signal } = new AbortController()
  const surroundings = {
    stdin,
    stdout,
    stderr,
    environment: environmentOf(options),
    system: realSystem,
    signal,
  }
  await using provider = await ProviderProcess.start(options.profile)
  // Awaited here: the provider outlives the work.
  return await withLog(
    surroundings,
    async tool => {
      const application = new Application(tool, provider, options)
      try {
        await application.outcomes.start(tool)
        for (const pod of application.pods) pod.start()
        return await work(application)
      } finally {
        await application.end()
      }
    },
    { doing: 'writes' },
  )
}

/** Of the pods and of who reads their topics. */
function environmentOf({ broker, registry, environment }: ApplicationOptions): Environment {
  return {
    KAFKA_BROKERS: broker,
    LLM_MODEL: SIMULATED,
    ...(registry === undefined ? {} : { SCHEMA_REGISTRY_URL: registry }),
    ...environment,
  }
}
