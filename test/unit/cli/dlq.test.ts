/** What failed for good: listed, shown, and sent again once with its identity. */
import { describe, expect, it } from 'vitest'
import { auditIn } from '#admin/audit.ts'
import { FailedAvro, LlmRequestAvro } from '#answers/codecs.ts'
import { EXIT } from '#cli/command/command.ts'
import { asText } from '#core/codec.ts'
import { HEADER, type LogRecord, NO_HEADERS } from '#core/record.ts'
import { readAll } from '#engine/log/read-topic.ts'
import { encodeDeadLetter } from '#engine/record/dead-letter.ts'
import { caudal, dataFolder, of, plan, withLog } from './data-folder.ts'
import { failed, invalid } from './outcomes.ts'

const identity = { [HEADER.id]: Buffer.from('failure-id') }
const origin = {
  topic: 'llm.generated',
  partition: 2,
  offset: 0,
  key: Buffer.from('q3'),
  value: Buffer.from('{"bad": true}'),
  headers: { trace: Buffer.from('t1') },
  timestamp: 9,
}
const letter = (more: object = {}) =>
  encodeDeadLetter({
    id: 'dead-1',
    application: 'answers',
    origin,
    node: 'score',
    code: 'DECODE_FAILED',
    message: 'is not llm.generated',
    stack: undefined,
    attempts: 1,
    failedAt: 4,
    ...more,
  })

async function filled(...letters: readonly Uint8Array[]): Promise<string> {
  const folder = dataFolder()
  const dead = letters.map(value => ({
    key: Buffer.from('dead-1'),
    value,
    headers: NO_HEADERS,
    timestamp: 1,
  }))
  await withLog(folder, log =>
    log.append(
      [
        {
          topic: 'llm.failed',
          partition: 1,
          records: [of(FailedAvro, failed(), { key: Buffer.from('q2'), headers: identity })],
        },
        {
          topic: 'llm.failed',
          partition: 3,
          records: [of(FailedAvro, invalid, { key: Buffer.from('raw/1') })],
        },
        { topic: plan.deadLetterTopic, partition: 5, records: dead },
      ].filter(({ records }) => records.length > 0),
    ),
  )
  return folder
}

async function recordsIn(
  folder: string,
  topic: string,
): Promise<readonly (LogRecord & { partition: number })[]> {
  const found: (LogRecord & { partition: number })[] = []
  await withLog(folder, log => readAll(log, topic, (each, partition) => found.push({ ...each, partition })))
  return found
}

describe('caudal dlq list', () => {
  it('lists all three kinds of failures, oldest first', async () => {
    const { code, lines } = await caudal(await filled(letter()), ['dlq', 'list', '--json'])
    expect(code).toBe(EXIT.ok)
    expect(
      lines.map(line => JSON.parse(line)).map(({ id, kind, node, attempts }) => [id, kind, node, attempts]),
    ).toEqual([
      ['raw/1', 'invalid', 'ingest', 0],
      ['dead-1', 'dead', 'score', 1],
      ['q2', 'failed', 'retry', 3],
    ])
  })
})

describe('caudal dlq show', () => {
  it('shows a whole dead letter, its bytes as text', async () => {
    const { stdout } = await caudal(await filled(letter()), ['dlq', 'show', 'dead-1'])
    expect(JSON.parse(stdout)).toMatchObject({
      code: 'DECODE_FAILED',
      origin: { topic: 'llm.generated', value: '{"bad": true}', headers: { trace: 't1' } },
    })
  })

  it('ends with its own exit code where no failure has the id', async () => {
    expect((await caudal(await filled(), ['dlq', 'show', 'nobody'])).code).toBe(EXIT.notFound)
  })
})

describe('caudal dlq replay', () => {
  it('sends a dead letter back to its partition under its identity, with unchanged bytes and headers', async () => {
    const folder = await filled(letter())
    expect((await caudal(folder, ['dlq', 'replay', 'dead-1'])).stdout).toBe('1 failure sent again\n')
    const [resent, ...rest] = await recordsIn(folder, 'llm.generated')
    expect(rest).toEqual([])
    expect(resent).toMatchObject({ partition: 2, timestamp: 9 })
    expect(asText(resent?.value ?? Buffer.of())).toBe('{"bad": true}')
    expect(Object.entries(resent?.headers ?? {}).map(([name, bytes]) => [name, asText(bytes)])).toEqual([
      ['trace', 't1'],
      [HEADER.id, 'dead-1'],
    ])
  })

  it('sends a failed question back to the requests with its cost and without its errors', async () => {
    const folder = await filled()
    await caudal(folder, ['dlq', 'replay', 'q2'])
    const [resent] = await recordsIn(folder, 'llm.requests')
    expect(LlmRequestAvro.decode(resent?.value ?? Buffer.of())).toMatchObject({
      id: 'q2',
      error_attempts: 0,
      parked: 0,
      spent: { calls: 1 },
    })
    expect(asText(resent?.headers[HEADER.id] ?? Buffer.of())).toBe('failure-id')
  })

  it('sends no failure twice', async () => {
    const folder = await filled(letter())
    expect((await caudal(folder, ['dlq', 'replay', '--all', '--json'])).stdout).toBe('{"replayed":2}\n')
    expect((await caudal(folder, ['dlq', 'replay', '--all', '--json'])).stdout).toBe('{"replayed":0}\n')
    const again = await caudal(folder, ['dlq', 'replay', 'q2'])
    expect(again.code).toBe(EXIT.notFound)
    expect((await recordsIn(folder, 'llm.requests')).length).toBe(1)
    expect((await caudal(folder, ['dlq', 'list', '--json'])).lines.length).toBe(1)
  })

  it('is written down with who has sent how many again, why and from where, before they are sent', async () => {
    const folder = await filled(letter())
    await caudal(folder, ['dlq', 'replay', '--all', '--reason', 'the fault is fixed'])
    await caudal(folder, ['dlq', 'replay', '--all'])
    const entries = await withLog(folder, auditIn)
    expect(entries).toEqual([
      {
        ...{ action: 'failures_replayed', target: 'failures', details: { count: 2 } },
        ...{ at: expect.any(Number), who: expect.stringMatching(/./), why: 'the fault is fixed' },
        from: expect.stringMatching(/^caudal dlq on ./),
      },
    ])
  })

  it('writes down nothing of a replay that is refused, and sends none of it', async () => {
    const folder = await filled(letter())
    expect((await caudal(folder, ['dlq', 'replay', 'dead-1', 'raw/1'])).code).toBe(EXIT.usage)
    expect(await withLog(folder, auditIn)).toEqual([])
    expect(await recordsIn(folder, 'llm.generated')).toEqual([])
  })

  it('sends a record again that has failed once more', async () => {
    const folder = await filled(letter())
    await caudal(folder, ['dlq', 'replay', 'dead-1'])
    const again = { key: Buffer.from('dead-1'), value: letter(), headers: NO_HEADERS, timestamp: 2 }
    await withLog(folder, log =>
      log.append([{ topic: plan.deadLetterTopic, partition: 5, records: [again] }]),
    )
    expect((await caudal(folder, ['dlq', 'replay', 'dead-1'])).stdout).toBe('1 failure sent again\n')
  })

  it('reads a record from its origin where the dead letter was too small for the record', async () => {
    const large = encodeDeadLetter(
      { ...JSON.parse('{}'), ...letterOf({ origin: { ...origin, offset: 0 } }) },
      300,
    )
    const folder = await filled(large)
    const { key, value, headers, timestamp } = origin
    await withLog(folder, log =>
      log.append([{ topic: 'llm.generated', partition: 2, records: [{ key, value, headers, timestamp }] }]),
    )
    await caudal(folder, ['dlq', 'replay', 'dead-1'])
    const records = await recordsIn(folder, 'llm.generated')
    expect(records.map(each => asText(each.value ?? Buffer.of()))).toEqual(['{"bad": true}', '{"bad": true}'])
  })

  it('refuses a failure that cannot be sent again, with a reason', async () => {
    const invalidOne = await caudal(await filled(), ['dlq', 'replay', 'raw/1'])
    expect(invalidOne.code).toBe(EXIT.usage)
    expect(invalidOne.stderr).toContain('put a corrected event in instead')
    const timer = await caudal(await filled(letter({ origin: { ...origin, partition: -1 } })), [
      'dlq',
      'replay',
      'dead-1',
    ])
    expect(timer.stderr).toContain('was a timer')
    expect((await caudal(await filled(), ['dlq', 'replay'])).stderr).toContain('name the ids, or give --all')
  })
})

function letterOf(more: object) {
  return {
    id: 'dead-1',
    application: 'answers',
    origin,
    node: 'score',
    code: 'RECORD_TOO_LARGE',
    message: 'm'.repeat(40),
    stack: undefined,
    attempts: 1,
    failedAt: 4,
    ...more,
  }
}
