/** Delivered answers into the semantic index, where questions in other words find them. */

import { DeliveredAvro } from '#answers/codecs.ts'
import { batchOperator } from '#core/operator.ts'
import type { IndexedAnswer, SemanticSink } from '#stores/semantic.ts'
import { questionText } from '#stores/semantic.ts'
import { storedAnswerOf } from '#stores/stored-answer.ts'

export interface IndexAnswersOptions {
  readonly sink: SemanticSink
  /** Task types whose index is on; answers of others are left out. */
  readonly taskTypes: ReadonlySet<string>
}

/**
 * It reads what is committed: an answer that a crash took back is in no index. Answers below their threshold are left out.
 * While the sink is away the records wait, and nothing else does.
 *
 * ```ts
 * processed.process('index', indexAnswers({ sink, taskTypes: new Set(['qa']) }))
 * ```
 */
export function indexAnswers({ sink, taskTypes }: IndexAnswersOptions) {
  return batchOperator({
    name: 'index',
    input: DeliveredAvro,
    batch: { recordsMax: 100, wait: 20 },
    async processBatch(items) {
      const answers = items
        .map(({ record }) => storedAnswerOf(record.value))
        .filter(({ taskType, belowThreshold }) => taskTypes.has(taskType) && !belowThreshold)
      if (answers.length > 0) await sink.save(answers.map(indexedOf))
    },
  })
}

function indexedOf(stored: ReturnType<typeof storedAnswerOf>): IndexedAnswer {
  const { organization, taskType, promptVersion, questionHash, title, content, id, answer } = stored
  const { structured, final, belowThreshold, model, costUsd, deliveredAt } = stored
  return {
    ...{ organization, taskType, promptVersion, questionHash, id, answer },
    question: questionText(title, content),
    ...(structured !== undefined && { structured }),
    ...{ final, belowThreshold, model, deliveredAt },
    ...(costUsd !== undefined && { costUsd }),
  }
}
