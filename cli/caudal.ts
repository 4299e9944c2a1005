/** The process behind the command: its streams, environment, clock and signals, handed to `main`. */
import { realSystem } from '#core/system.ts'
import { EXIT } from './command/command.ts'
import { faultOfNode } from './command/node-version.ts'
import { boundHeap } from './heap.ts'

/** A second signal within this time is the first one, come by two ways (terminal and launcher). */
const REPEAT_MS = 500

const stopping = new AbortController()
let stoppedAt: number | undefined

function stop(): void {
  const now = realSystem.monotonic()
  if (stoppedAt !== undefined && now - stoppedAt > REPEAT_MS) process.exit(130)
  stoppedAt ??= now
  stopping.abort()
}

boundHeap()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop)
process.once('disconnect', stop)
process.channel?.unref()
process.stdout.on('error', error => {
  // The reader of our output may end early (`caudal results | head`).
  if ('code' in error && error.code === 'EPIPE') process.exit(EXIT.unread)
  process.stderr.write(`caudal: the output cannot be written: ${error.message}\n`)
  process.exit(EXIT.failed)
})

const fault = faultOfNode(process.versions.node)
if (fault !== undefined) {
  process.stderr.write(`${fault}\n`)
  process.exit(1)
}
// Node 22 warns that its SQLite is experimental. The user of the command can do nothing about that.
const listeners = process.listeners('warning')
process.removeAllListeners('warning')
process.on('warning', warning => {
  if (warning.name !== 'ExperimentalWarning') for (const listener of listeners) listener(warning)
})
// Only now: an older Node lacks what this imports.
const { main } = await import('./main.ts')
const code = await main(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
  system: realSystem,
  signal: stopping.signal,
})
for (const stream of [process.stdout, process.stderr])
  await new Promise<void>(resolve => stream.write('', () => resolve()))
// What a fault has left open, or a connection that was being made, would keep the process.
process.exit(code)
