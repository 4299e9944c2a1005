/** Bugs in how effects become durable. */
import { asText } from '#core/codec.ts'
import { hasCode } from '#core/errors.ts'
import { type LogRecord, partitionKey, type TopicPartition } from '#core/record.ts'
import { decodeCheckpoint, encodeCheckpoint } from '#engine/commit/checkpoint.ts'
import type { Log, PartitionBatch, Producer } from '#engine/log/log.ts'
import { CHECKPOINT } from '#engine/state/layout.ts'
import type { CopyOf, Store } from '#engine/state/store.ts'
import type { Fleet, Plant } from '#testing/simulation/fleet.ts'
import { withLog, withProducer, withReader } from './delegate.ts'

/** Recovery goes on where the consumer group's positions are, instead of the checkpoint. */
export const groupOffsetsTrusted: Plant = (ports, _name, fleet) => {
  const { log } = ports
  const moved = async (record: LogRecord): Promise<LogRecord> => {
    if (!record.key || !record.value || asText(record.key) !== CHECKPOINT) return record
    const checkpoint = decodeCheckpoint(record.value)
    const names = Object.keys(checkpoint.sources)
    const positions = await log.groupPositions(fleet.plan.application, names.map(placeOf)).catch(() => [])
    const sources = names.map((name, index) => [name, { low: positions[index] ?? 0, ahead: [] }] as const)
    return { ...record, value: encodeCheckpoint({ ...checkpoint, sources: Object.fromEntries(sources) }) }
  }
  const openReader = (place: TopicPartition, offset: number) => {
    const reader = log.openReader(place, offset)
    if (!isState(fleet, place)) return reader
    return withReader(reader, {
      next: async recordsMax => {
        const fetched = await reader.next(recordsMax)
        return { ...fetched, records: await Promise.all(fetched.records.map(moved)) }
      },
    })
  }
  return { ...ports, log: withLog(log, { openReader }) }
}

/** The local copy gets what a transaction is about to write, not what it has written. */
export const storeWrittenFirst: Plant = (ports, _name, fleet) => {
  const open = new Map<string, Store>()
  const applyEarly = (batches: readonly PartitionBatch[]) => {
    for (const batch of batches) {
      const store = isState(fleet, batch) ? open.get(partitionKey(batch)) : undefined
      if (store?.position === undefined) continue
      const entries = batch.records.map(({ key, value }) => [asText(key ?? NOTHING), value] as const)
      store.apply(entries, store.position)
    }
  }
  const log = withLog(ports.log, {
    startProducer: async (transactionalId, writes) => {
      const producer = await ports.log.startProducer(transactionalId, writes)
      const transact = (batches: readonly PartitionBatch[]) => {
        applyEarly(batches)
        return producer.transact(batches)
      }
      return withProducer(producer, { transact })
    },
  })
  const stores = {
    open: async (task: CopyOf) => {
      const store = await ports.stores.open(task)
      const { stateTopic = '' } = fleet.plan.stages.find(({ name }) => name === task.stage) ?? {}
      const place = partitionKey({ topic: stateTopic, partition: task.partition })
      open.set(place, store)
      const close = () => {
        open.delete(place)
        return store.close()
      }
      return new Proxy(store, {
        get: (target, property) => (property === 'close' ? close : bound(target, property)),
      })
    },
  }
  return { ...ports, log, stores }
}

/** After a transaction of unknown outcome the same producer goes on, instead of one with a new epoch. */
export const producerReused: Plant = (ports, name, fleet) => {
  fleet.broker.faults.reuseProducers(name)
  let kept: Producer | undefined
  const startProducer: Log['startProducer'] = async (transactionalId, writes) => {
    if (kept) return kept
    const producer = await ports.log.startProducer(transactionalId, writes)
    const transact = (batches: readonly PartitionBatch[]) =>
      producer.transact(batches).catch(error => {
        if (hasCode(error, 'FENCED')) kept = undefined
        throw error
      })
    kept = withProducer(producer, { transact, close: async () => undefined })
    return kept
  }
  return { ...ports, log: withLog(ports.log, { startProducer }) }
}

/** Steps get random identities instead of those that follow from the input. */
export const randomStepIds: Plant = (ports, _name, fleet) => {
  const random = fleet.randomFor(`step ids ${fleet.processes.length}`)
  const operators = ports.graph.operators.map(node => {
    const { operator } = node
    if (operator.kind === 'batch') return node
    const process: typeof operator.process = (record, ctx) => {
      const step: typeof ctx.step = (name, call, { part = '' } = {}) =>
        ctx.step(name, call, { part: `${part}${random()}` })
      const spoilt = new Proxy(ctx, {
        get: (target, property) => (property === 'step' ? step : bound(target, property)),
      })
      return operator.process(record, spoilt)
    }
    return { ...node, operator: { ...operator, process } }
  })
  return { ...ports, graph: { ...ports.graph, operators } }
}

const NOTHING = new Uint8Array()

function isState(fleet: Fleet, { topic }: TopicPartition): boolean {
  return fleet.plan.stages.some(({ stateTopic }) => stateTopic === topic)
}

function placeOf(text: string): TopicPartition {
  const slash = text.lastIndexOf('/')
  return { topic: text.slice(0, slash), partition: Number(text.slice(slash + 1)) }
}

/** A property as it is, methods bound to the object that they belong to. */
function bound<T extends object>(target: T, property: string | symbol): unknown {
  const member: unknown = Reflect.get(target, property, target)
  return typeof member === 'function' ? member.bind(target) : member
}
