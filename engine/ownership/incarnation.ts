/** Names of incarnations. Each start of a pod is an incarnation with a name that no other start ever has. */
import { CaudalError } from '#core/errors.ts'
import type { System } from '#core/system.ts'
import type { PodContext } from '#engine/record/pod-context.ts'

export function incarnationOf(pod: string, system: System): string {
  return `${pod}:${system.now()}:${Math.floor(system.random() * 1e9).toString(36)}`
}

/** Whether both are starts of one pod: at most one of them can be alive, because running pods have different names. */
export function isSamePod(incarnation: string, other: string): boolean {
  return incarnation !== other && podOf(incarnation) === podOf(other)
}

/**
 * Two live pods with one name would fence each other for ever. So the pod that started later ends with NAME_TAKEN.
 *
 * A killed pod stays a member of the group until its session expires. Once this pod has run for longer than a session, a member
 * with its name is a live duplicate. The time stamps in the names say which pod started later.
 */
export class Duplicates {
  readonly #pod: PodContext
  /** By the monotonic clock of this process: since then, the sessions of dead pods with this name have ended. */
  readonly #surelyAliveFrom: number
  #looksAgain = false

  constructor(pod: PodContext) {
    this.#pod = pod
    this.#surelyAliveFrom = pod.system.monotonic() + pod.limits.sessionTimeoutMs + SLACK_MS
  }

  /** Ends the pod if one of the members is a duplicate. Returns the time after which it is to look again, if it cannot know yet. */
  look(members: ReadonlySet<string>): number | undefined {
    const { incarnation, system } = this.#pod
    const earlier = (other: string) => isSamePod(incarnation, other) && startOf(other) <= startOf(incarnation)
    const other = [...members].find(earlier)
    const waitsMs = this.#surelyAliveFrom - system.monotonic()
    this.#looksAgain = other !== undefined && waitsMs >= 0
    if (other === undefined) return undefined
    if (this.#looksAgain) return waitsMs + 1
    this.#pod.fail(new CaudalError('NAME_TAKEN', { name: podOf(incarnation), other }))
    return undefined
  }

  /** An earlier start of this pod was a member, and would have been counted out by now if it was dead. */
  get isDue(): boolean {
    return this.#looksAgain && this.#pod.system.monotonic() > this.#surelyAliveFrom
  }
}

/** How long the group may take to notice that a session has ended. */
const SLACK_MS = 1_000

/** A pod's name may have colons of its own. */
const START = /:(\d+):[0-9a-z]+$/
const startOf = (incarnation: string): number => Number(START.exec(incarnation)?.[1] ?? 0)
/** The name of the pod that an incarnation is a start of. */
export const podOf = (incarnation: string): string => incarnation.replace(START, '')
