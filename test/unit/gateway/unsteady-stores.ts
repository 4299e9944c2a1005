/** Stores before which a switch stands: while it is off, each call says that the store is away. */
import { unavailable } from '#core/errors.ts'
import type { AnswerStore } from '#stores/answers.ts'
import type { Cache } from '#stores/cache.ts'
import type { HistoryStore } from '#stores/history.ts'

export class Switch {
  #back = Promise.withResolvers<void>()
  #isOff = false
  refusals = 0

  off(): void {
    this.#isOff = true
  }

  on(): void {
    this.#isOff = false
    this.#back.resolve()
    this.#back = Promise.withResolvers()
  }

  through<T>(use: () => Promise<T>): Promise<T> {
    if (!this.#isOff) return use()
    this.refusals++
    return Promise.reject(unavailable('it is switched off', this.#back.promise))
  }
}

export function unsteadyAnswers(store: AnswerStore, lever: Switch): AnswerStore {
  return {
    save: answers => lever.through(() => store.save(answers)),
    get: (...which) => lever.through(() => store.get(...which)),
    newestOf: (...which) => lever.through(() => store.newestOf(...which)),
    page: (...which) => lever.through(() => store.page(...which)),
    versions: (...which) => lever.through(() => store.versions(...which)),
    versionSlices: (...which) => lever.through(() => store.versionSlices(...which)),
    versionPairs: (...which) => lever.through(() => store.versionPairs(...which)),
    versionPairSums: (...which) => lever.through(() => store.versionPairSums(...which)),
  }
}

export function unsteadyCache(cache: Cache, lever: Switch): Cache {
  return {
    get: (...which) => lever.through(() => cache.get(...which)),
    set: (...which) => lever.through(() => cache.set(...which)),
    replace: (...which) => lever.through(() => cache.replace(...which)),
    deleteMatching: (...which) => lever.through(() => cache.deleteMatching(...which)),
    statistics: () => cache.statistics(),
  }
}

export function unsteadyHistory(store: HistoryStore, lever: Switch): HistoryStore {
  return {
    append: events => lever.through(() => store.append(events)),
    of: (...which) => lever.through(() => store.of(...which)),
    firsts: wanted => lever.through(() => store.firsts(wanted)),
    ofRuns: runs => lever.through(() => store.ofRuns(runs)),
    costs: wanted => lever.through(() => store.costs(wanted)),
  }
}
