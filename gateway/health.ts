/** How the parts are on which the gateway relies: each with its state, and since when. */
import { reasonOf } from '#core/errors.ts'
import type { System } from '#core/system.ts'

export interface HealthPart {
  readonly name: string
  /** Without it the gateway answers nothing. */
  readonly isEssential: boolean
  /** What is wrong; nothing when all is well. A rejection says what is wrong too. */
  check(): Promise<string | undefined> | string | undefined
}

type State = 'up' | 'down'

interface Known {
  readonly state: State
  readonly since: number
}

export interface HealthReport {
  /** `degraded`: answers go on, slower or from fewer places. */
  readonly status: 'ok' | 'degraded' | 'down'
  readonly parts: readonly {
    readonly name: string
    readonly state: State
    /** ISO 8601: when this gateway saw the state first. */
    readonly since: string
    readonly reason?: string
  }[]
}

/** Below the second that supervisors wait for an answer by default. */
const CHECK_MS = 800

export class Health {
  readonly #system: System
  readonly #known = new Map<string, Known>()
  #parts: readonly HealthPart[] = []

  constructor(system: System) {
    this.#system = system
  }

  watch(...parts: readonly HealthPart[]): void {
    this.#parts = [...this.#parts, ...parts]
  }

  async report(): Promise<HealthReport> {
    const troubles = await Promise.all(this.#parts.map(part => this.#checked(part)))
    const now = this.#system.now()
    const parts = this.#parts.map(({ name }, index) => {
      const reason = troubles[index]
      const state: State = reason === undefined ? 'up' : 'down'
      const before = this.#known.get(name)
      const since = before?.state === state ? before.since : now
      this.#known.set(name, { state, since })
      return { name, state, since: new Date(since).toISOString(), ...(reason !== undefined && { reason }) }
    })
    const down = this.#parts.filter((_, index) => troubles[index] !== undefined)
    const status = down.some(({ isEssential }) => isEssential) ? 'down' : down.length > 0 ? 'degraded' : 'ok'
    return { status, parts }
  }

  /** What takes too long is wrong. */
  #checked(part: HealthPart): Promise<string | undefined> {
    const late = `no answer within ${CHECK_MS} ms`
    return new Promise(resolve => {
      const cancel = this.#system.after(CHECK_MS, () => resolve(late))
      const checked = async () => part.check()
      checked()
        .then(resolve, error => resolve(reasonOf(error)))
        .finally(cancel)
    })
  }
}

/** Down once a view of the gateway can be followed no more: from then on it would show what was, as if it were now. */
export function viewsPart(views: Readonly<Record<string, { readonly ended: Promise<void> }>>): HealthPart {
  const faults: string[] = []
  for (const [name, { ended }] of Object.entries(views))
    ended.catch(error =>
      faults.push(`${name} can be followed no more, start the gateway again: ${reasonOf(error)}`),
    )
  return { name: 'views', isEssential: true, check: () => faults.join('; ') || undefined }
}
