/** What the Kafka driver publishes, as log lines for who looks for trouble with brokers: `LOG_LEVEL=info,engine/log/kafka=debug`. */
import { subscribe } from '#core/diagnostics.ts'
import { failureFields } from '#core/errors.ts'
import { inPart, type Logger } from '#core/loggers.ts'

/** Name of the part that the lines are of. */
export const KAFKA_PART = 'engine/log/kafka'

/** Writes a line at level debug for each request that is repeated or given up, and for each connection that is lost. */
export function driverLines(logger: Logger): Disposable {
  const lines = inPart(logger, KAFKA_PART)
  const ends = [
    subscribe('caudal:log:retried', ({ error, ...fields }) =>
      lines.debug('a request to the brokers is made again', { ...fields, ...failureFields(error) }),
    ),
    subscribe('caudal:log:refused', ({ error, ...fields }) =>
      lines.debug('a request to the brokers was given up', { ...fields, ...failureFields(error) }),
    ),
    subscribe('caudal:log:disconnected', fields => lines.debug('a connection to a broker was lost', fields)),
  ]
  return { [Symbol.dispose]: () => ends.forEach(end => void end()) }
}
