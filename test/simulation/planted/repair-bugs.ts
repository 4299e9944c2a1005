/** Bugs in how a torn transaction is repaired. */
import type { TransactionPort } from '#engine/log/repair.ts'
import type { Plant } from '#testing/simulation/fleet.ts'

/** Ids are taken over, and a producer goes on with another coordinator, without a question for what was left open. */
export const noQuestionAsked: Plant = (ports, name, fleet) => {
  fleet.broker.faults.askNothing(name)
  return ports
}

/** The next epoch is started before the question: the coordinator no longer says how the last transaction ended. */
export const repairedAfterTheAbort: Plant = (ports, name, fleet) => {
  fleet.broker.faults.repairOtherwise(name, port =>
    changed(port, {
      describe: async () => {
        const before = await port.describe()
        if (before === undefined || before.purpose !== 'write' || before.state === 'ending') return before
        const started = await port.start('write')
        return { ...before, ...started, state: 'aborted', partitions: [] }
      },
    }),
  )
  return ports
}

/** The leftovers are ended under the epoch that has left them. */
export const repairedByTheWrongEpoch: Plant = (ports, name, fleet) => {
  fleet.broker.faults.repairOtherwise(name, port =>
    changed(port, {
      add: (epoch, places) => port.add({ ...epoch, epoch: epoch.epoch - 1 }, places),
      end: (epoch, outcome) => port.end({ ...epoch, epoch: epoch.epoch - 1 }, outcome),
    }),
  )
  return ports
}

function changed(port: TransactionPort, changes: Partial<TransactionPort>): TransactionPort {
  return {
    transactionalId: port.transactionalId,
    endsRaiseEpochs: port.endsRaiseEpochs,
    describe: () => port.describe(),
    open: (producerId, places) => port.open(producerId, places),
    start: purpose => port.start(purpose),
    add: (epoch, places) => port.add(epoch, places),
    end: (epoch, outcome) => port.end(epoch, outcome),
    pause: ms => port.pause(ms),
    monotonic: () => port.monotonic(),
    warn: message => port.warn(message),
    ...changes,
  }
}
