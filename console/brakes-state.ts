/** The brakes that are set, known on every page: asked again every two seconds. */
import { signal } from '@preact/signals-core'
import { ask, Refusal } from './api.ts'
import { repeatedly } from './clock.ts'
import type { Brake } from './shapes.ts'

const EVERY_MS = 2_000

/** What is set; nothing before the first answer, and where the reader may not know. */
export const brakes = signal<readonly Brake[] | undefined>(undefined)
/** Why the last question about them had no answer; what is shown is then old. */
export const brakesRefusal = signal<Refusal | undefined>(undefined)

export async function lookAtBrakes(): Promise<void> {
  const answer = await ask<{ readonly brakes: readonly Brake[] }>('/brakes')
  if (answer instanceof Refusal) brakesRefusal.value = answer
  else {
    brakesRefusal.value = undefined
    // Equal lists are the same list: what is typed beside them is not drawn again.
    if (JSON.stringify(answer.brakes) !== JSON.stringify(brakes.peek())) brakes.value = answer.brakes
  }
}

export const followBrakes = (): (() => void) => repeatedly(EVERY_MS, lookAtBrakes)
