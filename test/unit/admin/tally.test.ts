/** The outcomes of the inputs are counted from the topics alone, and printed. */
import { describe, expect, it } from 'vitest'
import { failuresIn } from '#admin/failures.ts'
import { summaryOf } from '#admin/status.ts'
import { Tally } from '#admin/tally.ts'
import { DeliveredAvro, FailedAvro, LlmErrorAvro } from '#answers/codecs.ts'
import { Values } from '#answers/values.ts'
import { spendingLines, summaryLines } from '#cli/terminal/summary.ts'
import type { NewRecord } from '#core/record.ts'
import { realSystem } from '#core/system.ts'
import { replay } from '#engine/client/replay.ts'
import type { Log } from '#engine/log/log.ts'
import { dataFolder, of, plan, record, withLog } from '../cli/data-folder.ts'
import { delivered, failed, invalid, request } from '../cli/outcomes.ts'

const put = (log: Log, topic: string, ...records: readonly NewRecord[]) =>
  log.append([{ topic, partition: 0, records }])
const q2 = { key: Buffer.from('q2') }
const keyed = (key: string, value: unknown, timestamp = 1) =>
  record(value, { key: Buffer.from(key), timestamp })

async function counted(
  fill: (log: Log) => Promise<void>,
  check: (tally: Tally, log: Log) => Promise<void> | void,
) {
  await withLog(dataFolder(), async log => {
    await fill(log)
    const tally = new Tally()
    await tally.start(log, realSystem, plan)
    await tally.caughtUp()
    await check(tally, log)
    tally.close()
  })
}

describe('a tally', () => {
  it('a tally knows what each task type has cost, whichever process bought it', async () => {
    await counted(
      async log => {
        const dear = delivered({ id: 'q4', task_type: 'moderation', organization_id: 'acme', cost_usd: 0.5 })
        const answers = [delivered(), delivered({ id: 'q3' }), dear]
        await put(log, 'datos_procesados', ...answers.map(each => of(DeliveredAvro, each)))
        await put(log, 'llm.failed', of(FailedAvro, failed(), q2))
      },
      tally => {
        expect(spendingLines(tally).map(line => line.trim().split(/\s+/))).toEqual([
          ['task', 'type', 'model', 'organisation', 'calls', 'tokens', 'cost'],
          ['moderation', 'simulated', 'acme', '2', '120', '$0.5000'],
          ['qa', 'simulated', 'none', '4', '240', '$0.0020'],
          ['qa', 'none', 'none', '1', '15', '$0.0005'],
        ])
      },
    )
  })

  it('a tally counts each outcome, and what is still open', async () => {
    await counted(
      async log => {
        await put(log, 'datos_crudos', ...Array.from({ length: 6 }, () => record({})))
        await put(log, 'llm.intake', keyed('q1', {}), keyed('q1', {}), keyed('q2', {}), keyed('q3', {}))
        await put(
          log,
          'datos_procesados',
          of(DeliveredAvro, delivered({ final: 9 })),
          of(DeliveredAvro, delivered({ id: 'q4', final: 5, below_threshold: true })),
        )
        await put(log, 'llm.failed', of(FailedAvro, failed(), q2), of(FailedAvro, invalid))
        await put(
          log,
          'llm.errors',
          of(LlmErrorAvro, {
            ...request(),
            step: 'judge',
            request_id: 'r',
            error_type: 'timeout',
            reason: 'x',
            counts: true,
          }),
        )
      },
      tally => {
        expect(summaryOf(tally, 1, 2_345, 2)).toEqual({
          inputs: 6,
          too_large: 2,
          invalid: 1,
          invalid_by_reason: { 'title is empty': 1 },
          duplicates: 1,
          delivered: 2,
          delivered_below_threshold: 1,
          failed: 1,
          failed_by_reason: { timeout: 1 },
          dead_letters: 0,
          without_outcome: 1,
          attempts: 5,
          calls: 5,
          calls_bought_twice: 1,
          tokens: 255,
          cost_usd: 0.0025,
          seconds: 2.345,
        })
        expect(tally.open).toBe(1)
        expect(tally.meanScore).toBe(7)
        expect(['ingest', 'generate', 'score', 'retry'].map(stage => tally.errorsAt(stage))).toEqual([
          1, 0, 1, 0,
        ])
      },
    )
  })

  describe('of events with the same id', () => {
    const day = 24 * 3_600_000
    const thrice = async (log: Log) => {
      await put(log, 'datos_crudos', record({}), record({}), record({}))
      await put(log, 'llm.intake', keyed('q1', {}, 0), keyed('q1', {}, day), keyed('q1', {}, 2 * day))
    }
    const answered = of(DeliveredAvro, delivered({ id: 'q1' }))

    it('waits for one outcome, whatever their times are: what was dropped has none', async () => {
      await counted(thrice, tally => {
        expect(tally.figures.duplicates).toBe(2)
        expect(tally.open).toBe(1)
      })
      const once = async (log: Log) => {
        await thrice(log)
        await put(log, 'datos_procesados', answered)
      }
      await counted(once, tally => {
        expect(tally.figures.duplicates).toBe(2)
        expect(tally.open).toBe(0)
      })
    })

    it('takes one that was let in again, a day later, for no duplicate', async () => {
      const twice = async (log: Log) => {
        await thrice(log)
        await put(log, 'datos_procesados', answered, answered)
      }
      await counted(twice, tally => {
        expect(tally.figures.duplicates).toBe(1)
        expect(tally.open).toBe(0)
      })
    })

    it('shows an outcome too many', async () => {
      const twice = async (log: Log) => {
        await put(log, 'datos_crudos', record({}))
        await put(log, 'llm.intake', keyed('q1', {}))
        await put(log, 'datos_procesados', answered, answered)
      }
      await counted(twice, tally => expect(tally.open).toBe(-1))
    })

    it('waits again for a failure that is sent again', async () => {
      await counted(
        async log => {
          await put(log, 'datos_crudos', record({}), record({}))
          await put(log, 'llm.intake', keyed('q2', {}), keyed('q2', {}))
          await put(log, 'llm.failed', of(FailedAvro, failed(), q2))
        },
        async (tally, log) => {
          expect(tally.open).toBe(0)
          await replay(log, await failuresIn({ log, plan, values: new Values(plan), isOwn: false }), 7)
          await tally.caughtUp()
          expect(tally.figures.duplicates).toBe(1)
          expect(tally.open).toBe(1)
        },
      )
    })
  })

  it('a tally takes a failure back when it is sent again', async () => {
    await counted(
      log => put(log, 'llm.failed', of(FailedAvro, failed(), q2)),
      async (tally, log) => {
        expect(tally.figures).toMatchObject({ failed: 1, calls: 1, attempts: 3 })
        await replay(log, await failuresIn({ log, plan, values: new Values(plan), isOwn: false }), 7)
        await tally.caughtUp()
        expect(tally.figures).toMatchObject({ failed: 0, calls: 0, attempts: 0, costUsd: 0 })
      },
    )
  })

  it('a tally has no mean score before the first answer', async () => {
    await counted(
      async () => {},
      tally => expect(tally.meanScore).toBeUndefined(),
    )
  })
})

describe('the summary for people', () => {
  it('the summary for people has everything that the one for scripts has, and what has no outcome', async () => {
    await counted(
      async log => {
        await put(log, 'datos_crudos', record({}), record({}))
        await put(log, 'datos_procesados', of(DeliveredAvro, delivered()))
      },
      tally => {
        expect(summaryLines(summaryOf(tally, 0, 1_200, 0), tally)).toEqual([
          '2 inputs in 1.2 s: 1 delivered (0 below the threshold, mean score 8.0 of 10), 0 invalid, 0 duplicates, 0 failed',
          '1 attempt, 2 answered calls, 0 bought twice, 120 tokens, $0.0010',
          '1 input without an outcome yet, whose calls so far are not in the cost',
        ])
      },
    )
  })

  it('the summary for people has why events are invalid, and where to look', async () => {
    const notJson = (text: string) => ({
      ...invalid,
      id: `raw/${text}`,
      faults: [`the event is not JSON: Unexpected token, "${text}"`],
    })
    await counted(
      async log => {
        const faulty = [invalid, notJson('one'), notJson('two')]
        await put(log, 'datos_crudos', ...faulty.map(() => record({})))
        await put(log, 'llm.failed', ...faulty.map(each => of(FailedAvro, each)))
      },
      tally => {
        expect(summaryLines(summaryOf(tally, 0, 1_200, 0), tally).slice(2)).toEqual([
          '  2 invalid: the event is not JSON',
          '  1 invalid: title is empty',
          '  Each with its history: caudal dlq list, caudal dlq show ID',
        ])
      },
    )
  })
})
