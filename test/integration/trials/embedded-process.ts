/** The program that embeds the engine, as a process, with all of its messages. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { EmbeddedPodMessage, EmbeddedPodSettings } from './embedded-pod.ts'

const PROGRAM = join(import.meta.dirname, 'embedded-pod.ts')

export function runEmbedded(settings: EmbeddedPodSettings) {
  const child = fork(PROGRAM, [JSON.stringify(settings)], { execArgv: [] })
  const messages: EmbeddedPodMessage[] = []
  child.on('message', (message: EmbeddedPodMessage) => messages.push(message))
  return {
    begun: once(child, 'message'),
    // 'exit' can overtake the last message.
    ended: once(child, 'close').then(([code, signal]) => ({ code: code ?? signal, messages })),
  }
}
