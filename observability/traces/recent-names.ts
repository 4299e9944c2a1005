/** Names that were seen not long ago, so that each is named once: a bounded number of them, forgotten in turns. */
export class RecentNames {
  readonly #max: number
  #names = new Set<string>()
  #before = new Set<string>()

  constructor(max: number) {
    this.#max = max
  }

  has(name: string): boolean {
    return this.#names.has(name) || this.#before.has(name)
  }

  /** Whether it was not seen among the last `max` at least. */
  isNew(name: string): boolean {
    if (this.has(name)) return false
    if (this.#names.size >= this.#max) {
      this.#before = this.#names
      this.#names = new Set()
    }
    this.#names.add(name)
    return true
  }
}
