/** Delivered answers into the cache, where the same question finds them at once. */

import { DeliveredAvro } from '#answers/codecs.ts'
import type { TaskTypes } from '#answers/task-type.ts'
import { batchOperator } from '#core/operator.ts'
import type { StoredAnswer } from '#stores/answers.ts'
import type { Cache } from '#stores/cache.ts'
import { answerKey, cachedText, storedAnswerOf } from '#stores/stored-answer.ts'

export interface RememberOptions {
  readonly cache: Cache
  readonly taskTypes: TaskTypes
  /** For task types without a time of their own. */
  readonly ttlMs: number
}

/**
 * It reads what is committed: an answer that a crash took back is in no cache. While the cache is away the records wait,
 * and nothing else does.
 *
 * ```ts
 * processed.process('remember', remember({ cache, taskTypes, ttlMs: 3_600_000 }))
 * ```
 */
export function remember({ cache, taskTypes, ttlMs }: RememberOptions) {
  return batchOperator({
    name: 'remember',
    input: DeliveredAvro,
    batch: { recordsMax: 500, wait: 20 },
    async processBatch(items) {
      const answers = items.map(({ record }) => storedAnswerOf(record.value))
      const newest = new Map(answers.toSorted(byDelivery).map(answer => [answer.questionHash, answer]))
      await Promise.all(
        [...newest.values()].map(answer => {
          const { organization, questionHash, taskType } = answer
          const own = Object.hasOwn(taskTypes, taskType) ? taskTypes[taskType]?.cacheTtlMs : undefined
          return cache.set(organization, answerKey(questionHash), cachedText(answer), own ?? ttlMs)
        }),
      )
    },
  })
}

const byDelivery = (a: StoredAnswer, b: StoredAnswer): number => a.deliveredAt - b.deliveredAt
