/** Delivered answers into the database, many at a time. */

import { DeliveredAvro } from '#answers/codecs.ts'
import { Unavailable } from '#core/errors.ts'
import { batchOperator } from '#core/operator.ts'
import type { AnswerStore } from '#stores/answers.ts'
import { storedAnswerOf } from '#stores/stored-answer.ts'

export interface PersistOptions {
  readonly store: AnswerStore
}

/**
 * The log is the truth, the database a copy that may be written again. While the database is away the records wait, and
 * nothing else does. Values that the database does not take become dead letters of their own, without their neighbours.
 *
 * ```ts
 * processed.process('persist', persist({ store }))
 * ```
 */
export function persist({ store }: PersistOptions) {
  return batchOperator({
    name: 'persist',
    input: DeliveredAvro,
    batch: { recordsMax: 500, wait: 20 },
    async processBatch(items) {
      const answers = items.map(({ record }) => storedAnswerOf(record.value))
      try {
        await store.save(answers)
      } catch (error) {
        if (error instanceof Unavailable) throw error
        await Promise.all(
          items.map((item, index) =>
            store.save(answers.slice(index, index + 1)).catch(fault => item.fail(fault)),
          ),
        )
      }
    },
  })
}
