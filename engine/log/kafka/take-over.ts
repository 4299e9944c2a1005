/** Takes a transactional id over: what every producer and every fence begins with. */
import { CaudalError, reasonOf } from '#core/errors.ts'
import type { TopicPartition } from '#core/record.ts'
import { takeOver } from '../repair.ts'
import type { RequestName } from './broker-codes.ts'
import { isFencing, meaningIn, type Question } from './codes.ts'
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
  return persist(settings, questionOf(id, 'InitProducerId'), async () => {
    const transactions = await Transactions.of(network, settings, id)
    const epoch = await takeOver(transactions, writes).catch(error => {
      // Another producer takes the id over at the same time: the last one to ask gets it.
      if (isFencing(error))
        throw new CaudalError('LOG_UNAVAILABLE', { reason: `producer ${id} is being fenced` }, error)
      // The transaction of a repair has ended meanwhile: the next look shows how.
      if (meaningIn(error) === 'transaction')
        throw new CaudalError('LOG_UNAVAILABLE', { reason: reasonOf(error) }, error)
      throw error
    })
    return { transactions, identity: transactions.identity(epoch), writes }
  })
}

export function questionOf(id: string, request: RequestName): Question {
  return { request, resource: `transactional id ${id}` }
}
