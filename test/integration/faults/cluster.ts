/** A Kafka cluster of the fault tests' own, laid out by the local stack on other ports: its brokers may be killed. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { invariant } from '#core/errors.ts'
import { brokerAddresses, HOST, PORTS, portsOf, STACK_FOLDER } from '#deploy/local/addresses.ts'
import { kafka } from '#deploy/local/kafka.ts'
import { type BackgroundProcess, pidOf, startProcess, stopProcess } from '#deploy/local/process.ts'

export const FAULTS_FOLDER = join(STACK_FOLDER, 'faults')
/** Ports of each kind of cluster, far enough from the stack's and from each other. */
const PORT_OFFSETS = { one: 1_000, three: 1_010, chaos: 1_020, torn: 1_030 } as const
/** From the port of a broker to that of its proxy. */
export const PROXY_PORT_OFFSET = 300

/** Settings of an only broker that finds itself, and is found by clients, behind its proxy. */
export function behindProxy(name: keyof typeof PORT_OFFSETS): Readonly<Record<string, string>> {
  const at = (port: number) => `${HOST}:${port + PORT_OFFSETS[name]}`
  const listeners = `PLAINTEXT://${at(PORTS.kafka + PROXY_PORT_OFFSET)},SECURE://${at(PORTS.kafkaSecure)}`
  return { 'advertised.listeners': listeners }
}

export class Cluster {
  /** Straight to the brokers. */
  readonly addresses: readonly string[]
  /** Where a proxy of each broker has to listen, and where it finds its broker. */
  readonly proxies: readonly { readonly listens: number; readonly broker: number }[]
  readonly #processes: readonly BackgroundProcess[]

  private constructor(processes: readonly BackgroundProcess[], portOffset: number) {
    this.#processes = processes
    this.addresses = brokerAddresses(processes.length, portOffset)
    this.proxies = portsOf(PORTS.kafka + portOffset, processes.length).map(broker => ({
      listens: broker + PROXY_PORT_OFFSET,
      broker,
    }))
  }

  /** An empty cluster; what a run before has left behind is ended and deleted. */
  static async start(
    name: keyof typeof PORT_OFFSETS,
    brokers: number,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<Cluster> {
    const portOffset = PORT_OFFSETS[name]
    const service = kafka(join(FAULTS_FOLDER, name), brokers, portOffset, settings)
    const missing = service.missing()
    invariant(missing.length === 0, `missing on this machine: ${missing.join(', ')}`)
    await Promise.all(service.processes.map(stopProcess))
    rmSync(service.dataFolder, { recursive: true, force: true })
    await service.prepare()
    await Promise.all(service.processes.map(startProcess))
    return new Cluster(service.processes, portOffset)
  }

  get brokers(): number {
    return this.#processes.length
  }

  /** As by the loss of the machine, counted from 1. */
  killBroker(node: number): void {
    const pid = pidOf(this.#process(node))
    if (pid !== undefined) process.kill(pid, 'SIGKILL')
  }

  /** Pauses a broker like a machine that goes to sleep, or continues it. */
  signalBroker(node: number, signal: 'SIGSTOP' | 'SIGCONT'): void {
    const pid = pidOf(this.#process(node))
    if (pid !== undefined) process.kill(pid, signal)
  }

  async startBroker(node: number): Promise<void> {
    await startProcess(this.#process(node))
  }

  async stop(): Promise<void> {
    await Promise.all(this.#processes.map(stopProcess))
  }

  #process(node: number): BackgroundProcess {
    const found = this.#processes[node - 1]
    invariant(found, `there is no broker ${node}`)
    return found
  }
}
