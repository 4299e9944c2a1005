/** Health endpoints of a pod for its supervisor, over HTTP: GET /live and GET /ready. */
import { CaudalError, reasonOf } from '#core/errors.ts'
import { realSystem, type System } from '#core/system.ts'
import type { Log } from '#engine/log/log.ts'
import type { PodStatus } from '#engine/pod/pod-status.ts'
import type { Health } from '#engine/pod/resources.ts'
import { type Answer, type HttpServer, type Route, serveHttp, told } from './http-server.ts'

/** Below the second that supervisors wait for an answer by default. */
const ANSWER_MS = 800
/** How many tasks a reason names. */
const NAMED_MAX = 10

/** Options of `serveProbes`. */
export interface ProbeOptions {
  /** 0 for any that is free. */
  readonly port: number
  /** 127.0.0.1 when left out, which only this machine reaches; 0.0.0.0 for all addresses of this machine. */
  readonly host?: string
  /** Clock and timers; those of the machine when left out. */
  readonly system?: System
}

/** What the answers are about: a pod that runs, as `run` gives it, and the log that it was given. */
export interface Watched {
  /** The log that must answer for the process to be ready. */
  readonly log: Pick<Log, 'bounds'>
  /** The pod of the process. */
  readonly running: WatchedPod
}

/** What the probes ask of a pod. */
export interface WatchedPod {
  /** Names the topics that must answer. */
  readonly plan: { readonly topicSpecs: readonly { readonly name: string }[] }
  /** What its operators need besides the log. */
  readonly resources?: readonly Health[]
  /** What the pod does now. */
  status(): PodStatus
  /** Resolves at its next step. */
  responds(): Promise<void>
}

/** What is in the way; nothing when all is well. */
type Reasons = readonly string[]

/**
 * Live is who steps: a pod that has not started yet counts, one that has ended or hangs does not. Ready is who works: every
 * task of the pod runs and the log answers. It listens before anything else is opened, so that a pod that waits for its
 * brokers is live and not ready instead of unreachable.
 */
export class Probes implements AsyncDisposable {
  /** For a server that tells other things too. */
  readonly routes: readonly Route[] = [
    { path: '/live', method: 'GET', answer: () => answerOf(this.#notLive()) },
    { path: '/ready', method: 'GET', answer: () => answerOf(this.#notReady()) },
  ]
  readonly #system: System
  #server: HttpServer | undefined
  #pipeline: Watched | undefined
  /** One question to the log at a time, however often it is asked for. */
  #asking: Promise<boolean> | undefined

  constructor(system: System = realSystem) {
    this.#system = system
  }

  /** Serves them alone. Resolves to the address of what it serves; rejects where that cannot be listened on. */
  async listen(host: string, port: number): Promise<string> {
    this.#server = await serveHttp({ host, port, routes: this.routes })
    return this.#server.url
  }

  /** Where it listens. */
  get url(): string {
    return this.#server?.url ?? ''
  }

  /** The pod was started: from here on the answers are about it. */
  watch(pipeline: Watched): void {
    this.#pipeline = pipeline
  }

  /** Closes the server. Resolves once its connections have ended. */
  async close(): Promise<void> {
    await this.#server?.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #notLive(): Promise<Reasons> {
    const pod = this.#pipeline?.running
    if (!pod) return []
    const { phase } = pod.status()
    if (phase === 'failed' || phase === 'stopped') return [`the pod is ${phase}`]
    const stepped = pod.responds().then(() => true)
    return (await this.#inTime(stepped)) ? [] : [`the pod has not stepped for ${ANSWER_MS} ms`]
  }

  async #notReady(): Promise<Reasons> {
    if (!this.#pipeline)
      return ['the pod is starting: it waits until brokers and registry have answered and topics are there']
    const { running } = this.#pipeline
    const { phase, hasJoined, tasks } = running.status()
    if (phase !== 'running') return [`the pod is ${phase}`]
    const reasons: string[] = []
    if (!(await this.#inTime(this.#ask(this.#pipeline)))) reasons.push('the log does not answer')
    if (!hasJoined) reasons.push('the pod has not joined its group yet')
    for (const hindered of ['restoring', 'blocked'] as const) {
      const names = tasks.filter(task => task.phase === hindered).map(({ name }) => name)
      if (names.length > 0) reasons.push(`${hindered}: ${listOf(names)}`)
    }
    const unhealthy = await this.#unhealthy(running)
    if (unhealthy.length > 0) reasons.push(`unhealthy: ${listOf(unhealthy)}`)
    return reasons
  }

  async #unhealthy({ resources = [] }: WatchedPod): Promise<readonly string[]> {
    const answers = await Promise.all(resources.map(each => this.#inTime(each.isHealthy())))
    return resources.filter((_, index) => !answers[index]).map(({ name }) => name)
  }

  #ask({ log, running }: Watched): Promise<boolean> {
    const [first] = running.plan.topicSpecs
    this.#asking ??= log
      .bounds(first ? [{ topic: first.name, partition: 0 }] : [])
      .then(
        () => true,
        () => false,
      )
      .finally(() => {
        this.#asking = undefined
      })
    return this.#asking
  }

  /** False as well where the answer takes too long. */
  #inTime(answer: Promise<boolean>): Promise<boolean> {
    return new Promise(resolve => {
      const cancel = this.#system.after(ANSWER_MS, () => resolve(false))
      answer.then(resolve).finally(cancel)
    })
  }
}

function listOf(names: readonly string[]): string {
  const rest = names.length - NAMED_MAX
  return names.slice(0, NAMED_MAX).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}

async function answerOf(asked: Promise<Reasons>): Promise<Answer> {
  const reasons = await asked
  return told(reasons.length === 0 ? 200 : 503, reasons)
}

/** For a pod of one's own. Rejects with CONFIGURATION_INVALID where nothing can be served. */
export async function serveProbes(options: ProbeOptions): Promise<Probes> {
  const { port, host = '127.0.0.1', system } = options
  const probes = new Probes(system)
  try {
    await probes.listen(host, port)
    return probes
  } catch (error) {
    const faults = `host ${host}, port ${port}: nothing can be served there: ${reasonOf(error)}`
    throw new CaudalError('CONFIGURATION_INVALID', { faults }, error)
  }
}
