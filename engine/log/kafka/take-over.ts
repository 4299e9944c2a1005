/** Takes a transactional id over: what every producer and every fence begins with. */
import type { TopicPartition } from '#core/record.ts'
import { takeOver } from '../repair.ts'
import type { RequestName } from './broker-codes.ts'
import { isFencing, meaningIn, passes, type Question } from './codes.ts'
import type { ProducerIdentity } from './library.ts'
import type { Network } from './network.ts'
import type { KafkaSettings } from './options.ts'
import { persist } from './persist.ts'
import { Transactions } from './transactions.ts'

export interface Taken {
  readonly transactions: Transactions
  readonly identity: ProducerIdentity
  readonly writes: readonly TopicPartition[]
}

/**
 * Fences every producer with the id and ends its transactions, also where they are torn; resolves once nothing of theirs can
 * take place.
 */
export async function takeOverId(
  network: Network,
  settings: KafkaSettings,
  id: string,
  writes: readonly TopicPartition[],
): Promise<Taken> {
  const question = questionOf(id, 'InitProducerId')
  return persist(settings, question, async () => {
    const transactions = await Transactions.of(network, settings, id)
    const epoch = await takeOver(transactions, writes).catch(error => {
      // Another producer takes the id over at the same time: the last one to ask gets it. Or the transaction of a repair
      // has ended meanwhile: the next look shows how.
      throw isFencing(error) || meaningIn(error) === 'transaction' ? passes(error, question) : error
    })
    return { transactions, identity: transactions.identity(epoch), writes }
  })
}

export function questionOf(id: string, request: RequestName): Question {
  return { request, resource: `transactional id ${id}` }
}
