/** What a scenario is: one question about the running pipeline, at any size, answered in figures and faults. */

export interface Findings {
  /** What was measured, for people; names say the unit. */
  readonly figures: Readonly<Record<string, number | string>>
  /** What was promised and not kept; empty when all is well. */
  readonly faults: readonly string[]
}

export interface Place {
  readonly broker: string
  readonly registry?: string | undefined
  /** Prints progress. */
  readonly say: (text: string) => void
}

export interface Scenario<Size extends object> {
  readonly name: string
  readonly summary: string
  /** The size that the promise is made for. */
  readonly full: Size
  run(size: Size, place: Place): Promise<Findings>
}

/** A name for one run, so that groups, state topics and transactional ids of earlier runs do not matter. */
export function applicationName(scenario: string): string {
  return `${scenario}-${Date.now().toString(36)}`
}
