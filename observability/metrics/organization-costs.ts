/** What organisations cost: those that cost most by name, the rest together. */
import { labelValue, OTHER } from './counts.ts'
import type { Child } from './family.ts'

export const ORGANIZATIONS_MAX = 20
/** Remembered, so that an organisation that becomes expensive later is found. */
const REMEMBERED_MAX = 10_000
/** Takes the place of another only when it costs so much more: places that change often are of no use on a chart. */
const AHEAD = 1.1

interface Organization {
  totalUsd: number
  /** Spent while it was shown. */
  shownUsd: number
  isShown: boolean
}

/**
 * A counter may not go down. So each organisation has what it spent while it was shown by name. What it spent at other
 * times stays with the others.
 */
export class OrganizationCosts {
  readonly #organizations = new Map<string, Organization>()
  #shown = 0
  #otherUsd = 0

  add(name: string, costUsd: number): void {
    const organization = this.#find(labelValue(name))
    if (!organization) {
      this.#otherUsd += costUsd
      return
    }
    organization.totalUsd += costUsd
    if (organization.isShown) organization.shownUsd += costUsd
    else this.#otherUsd += costUsd
  }

  /** The organisations that cost most now are shown from here on. */
  get children(): readonly Child[] {
    this.#promote()
    const shown = [...this.#organizations].filter(([, { isShown }]) => isShown)
    const named = shown.map(([organization, { shownUsd }]) => ({ labels: { organization }, value: shownUsd }))
    return [...named, { labels: { organization: OTHER }, value: this.#otherUsd }]
  }

  #find(name: string): Organization | undefined {
    const known = this.#organizations.get(name)
    if (known || name === OTHER || this.#organizations.size >= REMEMBERED_MAX) return known
    const isShown = this.#shown < ORGANIZATIONS_MAX
    if (isShown) this.#shown++
    const organization = { totalUsd: 0, shownUsd: 0, isShown }
    this.#organizations.set(name, organization)
    return organization
  }

  #promote(): void {
    const all = [...this.#organizations.values()]
    const shown = all.filter(({ isShown }) => isShown).toSorted((a, b) => a.totalUsd - b.totalUsd)
    const hidden = all.filter(({ isShown }) => !isShown).toSorted((a, b) => b.totalUsd - a.totalUsd)
    for (const [index, cheapest] of shown.entries()) {
      const dearest = hidden[index]
      if (!dearest || dearest.totalUsd <= cheapest.totalUsd * AHEAD) return
      cheapest.isShown = false
      dearest.isShown = true
    }
  }
}
