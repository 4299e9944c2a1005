/** What the committer knows of a transaction while nobody answers, and when a transaction counts as confirmed. */
import { describe, expect, it } from 'vitest'
import { sleep } from '#core/system.ts'
import { AnswerPace } from '#engine/commit/answer-pace.ts'
import type { CommitPart, Committable } from '#engine/commit/commit-part.ts'
import { Committer } from '#engine/commit/committer.ts'
import { Meter } from '#engine/commit/meter.ts'
import type { Producer } from '#engine/log/log.ts'
import { VirtualTime } from '#testing/virtual-time.ts'

const NOTHING = () => undefined

/** A committer whose transactions are answered after so long. */
function committing(answeredAfterMs: number) {
  const time = new VirtualTime(1)
  const { system } = time
  const committer = new Committer({
    system,
    incarnation: 'pod',
    meter: new Meter('pod', 'pod'),
    pace: new AnswerPace(system),
    enqueue: callback => callback(),
    claimsOf: () => [],
    onProducerLost: NOTHING,
  })
  const producer: Producer = {
    transact: async batches => {
      await sleep(system, answeredAfterMs)
      return batches.map(() => 1)
    },
    close: async () => undefined,
  }
  committer.useProducer(producer)
  return { committer, producer, time }
}

/** A task that has one entry to commit, and notes what becomes of it. */
function taskOf(fates: string[]): Committable {
  const task: Committable = {
    name: 't/0',
    statePlace: { topic: 'state', partition: 0 },
    isOpen: true,
    isMute: false,
    prepare: (): CommitPart => ({
      task,
      writes: new Map([['entry', Buffer.from('value')]]),
      outputs: [],
      committed: () => void fates.push('committed'),
      putBack: () => void fates.push('put back'),
      stateRefused: NOTHING,
      outputsRefused: NOTHING,
    }),
  }
  return task
}

describe('the committer', () => {
  it('a transaction confirms the pod as of when it was sent: the pod may have slept before it read the answer', async () => {
    const { committer, time } = committing(1_500)
    const sentAt = time.system.monotonic()
    committer.write([], NOTHING, NOTHING)
    await time.runFor(2_000)
    expect(committer.isFree).toBe(true)
    expect(committer.lastGoodAt).toBe(sentAt)
  })

  it('a commit of unknown outcome stays pending while markers are written and the next producer is lost too', () => {
    const { committer, producer } = committing(1_500)
    const fates: string[] = []
    committer.staged(taskOf(fates), 1)
    committer.commit()
    committer.dropProducer()
    committer.useProducer(producer)
    committer.write([], NOTHING, NOTHING)
    committer.dropProducer()
    expect(committer.pending?.number).toBe(1)
    committer.resolve(false, () => 0)
    expect(fates).toEqual(['put back'])
  })

  it('the answer of a producer that was thrown away counts no more', async () => {
    const { committer, time } = committing(1_500)
    const fates: string[] = []
    committer.staged(taskOf(fates), 1)
    committer.commit()
    committer.dropProducer()
    await time.runFor(2_000)
    expect(fates).toEqual([])
    expect(committer.pending?.number).toBe(1)
  })
})
