/** Processes of the fault tests: started, watched, stopped and killed by their own id. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import { OPERATOR } from './graph.ts'
import { type Call, MODEL_PROGRAM, type ModelSettings } from './model-bill.ts'
import { type ClockStep, nameOf, POD_PROGRAM, type PodMessage, type PodSettings } from './pod-settings.ts'

/** Too many for the log. */
const FREQUENT: ReadonlySet<PodMessage['type']> = new Set(['commit', 'answered'])

function taskOf(task: string): readonly [stage: string, partition: number] {
  const [stage = '', partition] = task.split('/')
  return [stage, Number(partition)]
}

/** One life of a pod. */
export class PodProcess {
  readonly name: string
  /** As in its answers and calls. */
  readonly incarnation: string
  readonly messages: PodMessage[] = []
  readonly startedAt = Date.now()
  endedAt: number | undefined
  /** Cleared by the test that ends the pod. A pod that ends while this is true has failed. */
  isWanted = true
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>

  constructor(settings: PodSettings, logFile: string) {
    this.name = settings.name
    this.#child = fork(POD_PROGRAM, [JSON.stringify(settings)], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      execArgv: [],
    })
    this.incarnation = nameOf(settings, this.#child.pid ?? 0)
    // 'exit' can overtake the last message.
    this.#ended = once(this.#child, 'close').then(() => {
      this.endedAt = Date.now()
    })
    const note = (text: string) => appendFileSync(logFile, text)
    this.#child.on('message', (message: PodMessage) => {
      this.messages.push(message)
      if (!FREQUENT.has(message.type)) note(`${this.incarnation} ${JSON.stringify(message)}\n`)
    })
    this.#child.stdout?.on('data', note)
    this.#child.stderr?.on('data', note)
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** It ended though nobody wanted it to. */
  get hasFailed(): boolean {
    return this.isWanted && this.endedAt !== undefined
  }

  get failure(): string {
    return this.messages.flatMap(each => (each.type === 'failed' ? [each.error] : [])).join('\n')
  }

  /** The partitions of which it gave answers at a moment; a later version of the graph runs another stage beside. */
  tasksAt(at: number): ReadonlySet<number> {
    const running = new Set<number>()
    for (const message of this.messages) {
      if (message.type !== 'task' || message.at > at) continue
      const [stage, partition] = taskOf(message.task)
      if (stage !== OPERATOR) continue
      if (message.to === 'running') running.add(partition)
      else running.delete(partition)
    }
    return running
  }

  get commits(): readonly { readonly at: number; readonly durationMs: number }[] {
    return this.messages.flatMap(({ at, ...each }) =>
      each.type === 'commit' ? [{ at, durationMs: each.durationMs }] : [],
    )
  }

  /** How many answers of the model the pod has reported. */
  get answers(): number {
    return this.messages.reduce((count, { type }) => (type === 'answered' ? count + 1 : count), 0)
  }

  /** When the last commit that was done before a moment had begun: what was finished later was not in it. */
  cycleBegunBefore(at: number): number {
    const last = this.commits.findLast(each => each.at <= at)
    return last ? last.at - last.durationMs : this.startedAt
  }

  /** Its wall clock is off by so much from now on; what it tells its parent keeps the right time. */
  stepClock(clockOffMs: number): void {
    const step: ClockStep = { clockOffMs }
    if (this.#child.connected) this.#child.send(step)
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal)
  }

  async kill(): Promise<void> {
    this.isWanted = false
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  /** Asks it to hand over and end. */
  async stop(): Promise<void> {
    this.isWanted = false
    this.#child.kill('SIGTERM')
    await this.#ended
  }
}

export class ModelProcess {
  readonly url: string
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, url: string) {
    this.#child = child
    this.url = url
  }

  static async start(settings: ModelSettings): Promise<ModelProcess> {
    const child = fork(MODEL_PROGRAM, [JSON.stringify(settings)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      execArgv: [],
    })
    const [url] = await once(child, 'message')
    return new ModelProcess(child, String(url))
  }

  async calls(): Promise<readonly Call[]> {
    const response = await fetch(`${this.url}/calls`)
    const calls: Call[] = JSON.parse(await response.text())
    return calls
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }
}
