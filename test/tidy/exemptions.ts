/** Places that may break a rule, each with its reason. Nearly empty on purpose: an entry that is not needed fails. */

export interface Exemption {
  readonly rule: string
  readonly path: string
  readonly because: string
}

export const EXEMPTIONS: readonly Exemption[] = [
  {
    rule: 'injected-time',
    path: 'console/clock.ts',
    because: 'it is the clock of a page in a browser, where no cluster is simulated',
  },
]
