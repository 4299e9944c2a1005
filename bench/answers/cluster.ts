/** A Kafka broker of its own for one run: the pipeline's topics have fixed names, and a run must begin with none of them. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { invariant } from '#core/errors.ts'
import { STACK_FOLDER } from '#deploy/local/addresses.ts'
import { kafka } from '#deploy/local/kafka.ts'
import { startProcess, stopProcess } from '#deploy/local/process.ts'

/** Far enough from the ports of the local stack and of other tests. */
const PORT_OFFSETS = { bench: 60, test: 70 } as const

export interface Cluster extends AsyncDisposable {
  readonly broker: string
}

/** An empty one; what a run before it has left behind is ended and deleted. */
export async function startCluster(name: keyof typeof PORT_OFFSETS): Promise<Cluster> {
  const service = kafka(join(STACK_FOLDER, `answers-${name}`), 1, PORT_OFFSETS[name])
  const missing = service.missing()
  invariant(missing.length === 0, `missing on this machine: ${missing.join(', ')}`)
  const stop = async () => {
    await Promise.all(service.processes.map(stopProcess))
    rmSync(service.dataFolder, { recursive: true, force: true })
  }
  await stop()
  await service.prepare()
  await Promise.all(service.processes.map(startProcess))
  return { broker: service.address, [Symbol.asyncDispose]: stop }
}
