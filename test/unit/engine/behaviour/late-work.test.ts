/** Work that a record has started and does not await is logged with node and record. It has no effect, and ends no process. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, vi } from 'vitest'
import type { Context } from '#core/context.ts'
import { batchOperator, operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import { GlobalTable } from '#engine/topics/global-table.ts'
import { reply, scripted, type TestKit, testOperator, testTopology, trouble } from '#testing/index.ts'
import { graphOf, numbers } from './graph.ts'

const warnings = (kit: TestKit) =>
  kit.logs.filter(({ level }) => level === 'warn').map(({ message, fields }) => ({ message, ...fields }))
const LATE = 'an operator went on after its record had ended'

/** Each use of a context, for a record that does not wait for it. */
const USES: Record<string, (ctx: Context) => unknown> = {
  'emit to out': ctx => ctx.emit('out', 1 as never),
  'a write of state': ctx => Object(ctx.state).last.set(1),
  'timer late': ctx => ctx.timers.set('late' as never, ctx.now + 1),
  'a read of state': ctx => Object(ctx.state).last.get(),
  'table rates': ctx => ctx.table('rates' as never).get('eur'),
  'step call': ctx => ctx.step('call' as never, async () => 1 as never),
}

function floating(use: (ctx: Context) => unknown) {
  const pause = scripted<number, number>(() => reply(1, '1s'))
  return operator({
    name: 'floating',
    input: numbers,
    outputs: { out: numbers },
    state: { last: state.value(numbers), all: state.map(numbers) },
    timers: ['late'],
    steps: { call: numbers },
    tables: { rates: numbers },
    process(record, ctx) {
      void pause(record.value, { id: ctx.id, signal: new AbortController().signal }).then(() =>
        use(ctx as unknown as Context),
      )
    },
  })
}

describe.each(Object.keys(USES))('%s after the end, in a promise that nobody holds', what => {
  const graph = () => graphOf(floating(USES[what] ?? expect.unreachable()))

  it('a late failure is logged with node and record, changes nothing, and the pod goes on', async () => {
    await using kit = await testTopology(graph())
    await kit.send('in', { key: 'a', value: 1 })
    await kit.advance('5s')
    expect(warnings(kit)).toEqual([
      {
        message: expect.stringContaining(`${LATE}`),
        task: 'floating/0',
        node: 'floating',
        place: 'in/0@0',
        id: 'in/0/0',
      },
    ])
    expect(warnings(kit)[0]?.message).toContain(what)
    expect(kit.read('out')).toEqual([])
    expect(kit.state('floating', 'last', 'a')).toBeUndefined()
    expect(kit.timer('floating', 'late', 'a')).toBeUndefined()
    expect(kit.pods[0]?.status).toBe('running')
  })

  it('a test of the operator alone reports late work', async () => {
    const alone = testOperator(floating(USES[what] ?? expect.unreachable()), { key: 'a', value: 1 })
    await expect(alone).rejects.toThrow('CONTEXT_CLOSED: node floating')
  })
})

describe('a handle that an operator takes for one record, and uses for another', () => {
  const HANDLES: Record<string, (ctx: Context) => () => unknown> = {
    'a read of state': ctx => () => Object(ctx.state).last.get(),
    'a read of state, of an entry of a map': ctx => () => Object(ctx.state).all.get('x'),
    'a read of state, of all entries of a map': ctx => () => [...Object(ctx.state).all.entries()],
    'a read of state, of entries whose walk has begun': ctx => {
      const entries = Object(ctx.state).all.entries()
      entries.next()
      return () => entries.next()
    },
    'a read of table rates': ctx => {
      const rates = ctx.table('rates' as never)
      return () => rates.get('eur')
    },
    'table rates': ctx => () => ctx.table('rates' as never),
  }

  it.each(Object.entries(HANDLES))('%s is warned of, and fails the other record', async (what, take) => {
    let kept: (() => unknown) | undefined
    const keeping = operator({
      name: 'keeping',
      input: numbers,
      outputs: { out: numbers },
      state: { last: state.value(numbers), all: state.map(numbers) },
      tables: { rates: numbers },
      process(record, ctx) {
        ctx.state.all.set('x', record.value)
        ctx.state.all.set('y', record.value)
        kept ??= take(ctx as unknown as Context)
        kept()
        ctx.emit('out', record.value)
      },
    })
    await using kit = await testTopology(graphOf(keeping))
    await kit.send('in', { key: 'a', value: 1 }, { key: 'b', value: 2 })
    await kit.settle()
    expect(kit.read('out')).toEqual([1])
    expect(kit.deadLetters()).toMatchObject([{ code: 'CONTEXT_CLOSED', node: 'keeping', id: 'in/0/1' }])
    expect(warnings(kit).filter(({ message }) => message.includes(LATE))).toMatchObject([
      { place: 'in/0@0', message: expect.stringContaining(what.split(',')[0] ?? what) },
    ])
    expect(kit.pods[0]?.status).toBe('running')
  })

  it('a table that is asked for after the end keeps no former rows alive', async () => {
    const pause = scripted<number, number>(() => reply(1, '1s'))
    const snapshots = vi.spyOn(GlobalTable.prototype, 'snapshot')
    const late = operator({
      name: 'late',
      input: numbers,
      tables: { rates: numbers },
      process(record, ctx) {
        void pause(record.value, { id: ctx.id, signal: new AbortController().signal }).then(() =>
          ctx.table('rates').get('eur'),
        )
      },
    })
    await using kit = await testTopology(graphOf(late))
    await kit.send('in', { key: 'a', value: 1 })
    await kit.advance('5s')
    expect(snapshots).not.toHaveBeenCalled()
    snapshots.mockRestore()
  })
})

it('a step that is answered after the end is logged, because its result is lost', async () => {
  const model = scripted<number, number>(() => reply(1, '1s'))
  const forgetful = operator({
    name: 'forgetful',
    input: numbers,
    steps: { call: numbers },
    process(record, ctx) {
      void ctx.step('call', call => model(record.value, call))
    },
  })
  await using kit = await testTopology(graphOf(forgetful))
  await kit.send('in', { key: 'a', value: 1 })
  await kit.advance('5s')
  expect(warnings(kit)).toMatchObject([{ node: 'forgetful', place: 'in/0@0' }])
  expect(warnings(kit)[0]?.message).toContain('step call was answered')
})

describe('an item of a batch', () => {
  function batching(
    late: (item: { emit(output: 'out', value: number): void; fail(error: unknown): void }) => void,
  ) {
    const pause = scripted<number, number>(() => reply(1, '1s'))
    return batchOperator({
      name: 'batching',
      input: numbers,
      outputs: { out: numbers },
      batch: { recordsMax: 1, wait: 10 },
      processBatch(items) {
        for (const item of items)
          void pause(1, { id: item.id, signal: new AbortController().signal }).then(() => late(item))
      },
    })
  }

  it.each<[string, Parameters<typeof batching>[0]]>([
    ['emit to out', item => item.emit('out', 1)],
    ['fail', item => item.fail(trouble('constraint'))],
  ])('an item of a batch that is used too late (%s) is logged with node and record', async (what, late) => {
    await using kit = await testTopology(graphOf(batching(late)))
    await kit.send('in', { key: 'a', value: 1 })
    await kit.advance('5s')
    expect(warnings(kit)).toMatchObject([{ node: 'batching', place: 'in/0@0' }])
    expect(warnings(kit)[0]?.message).toContain(what)
    expect(kit.read('out')).toEqual([])
    expect(kit.deadLetters()).toEqual([])
    await expect(testOperator(batching(late), [{ value: 1 }])).rejects.toThrow(
      'CONTEXT_CLOSED: node batching',
    )
  })

  it('a failed item of a batch may fail or emit again: the first outcome counts, and nothing is logged', async () => {
    const twice = batchOperator({
      name: 'twice',
      input: numbers,
      outputs: { out: numbers },
      batch: { recordsMax: 1, wait: 10 },
      processBatch(items) {
        for (const item of items) {
          item.fail(new TypeError('first'))
          item.fail(new TypeError('second'))
          item.emit('out', 1)
        }
      },
    })
    await using kit = await testTopology(graphOf(twice))
    await kit.send('in', { key: 'a', value: 1 })
    await kit.settle()
    expect(kit.deadLetters().map(({ message }) => message)).toEqual([expect.stringContaining('first')])
    expect(warnings(kit).filter(({ message }) => message.includes(LATE))).toEqual([])
  })
})

describe('an attempt that was given up', () => {
  it('an operator that goes on after its time-out gets CONTEXT_CLOSED, nothing is logged, and the record runs again', async () => {
    const told: string[] = []
    const slow = operator({
      name: 'slow',
      input: numbers,
      outputs: { out: numbers },
      limits: { timeout: 100 },
      async process(record, ctx) {
        const pause = scripted<number, number>(() => reply(1, ctx.attempt === 1 ? 150 : 1))
        await pause(1, { id: ctx.id, signal: new AbortController().signal })
        try {
          ctx.emit('out', record.value)
        } catch (error) {
          told.push(String(error))
        }
      },
    })
    await using kit = await testTopology(graphOf(slow))
    await kit.send('in', { key: 'a', value: 1 })
    await kit.settle()
    expect(kit.read('out')).toEqual([1])
    expect(told).toEqual([
      'CaudalError: CONTEXT_CLOSED: node slow used its context after the record had ended',
    ])
    expect(warnings(kit).filter(({ message }) => message.includes(LATE))).toEqual([])
  })
})

/** In a process of its own: the listeners of a test runner are not those of a program. */
describe('a rejection that nobody handles', () => {
  const script = join(import.meta.dirname, 'stray-program.ts')
  const run = (mode: string) =>
    promisify(execFile)(process.execPath, [script, mode], { timeout: 30_000 }).then(
      ({ stdout }) => ({ code: 0, result: JSON.parse(stdout) as unknown, stderr: '' }),
      (failure: { code: number; stderr: string }) => ({
        code: failure.code,
        result: undefined,
        stderr: failure.stderr,
      }),
    )

  it('of a record that runs fails that record, which is tried again and becomes a dead letter; the others go on', async () => {
    const { result } = await run('running')
    expect(result).toMatchObject({
      read: [2],
      letters: [{ code: 'HANDLER_FAILED', node: 'stray', place: 'in/0@0', attempts: 3 }],
    })
    expect(JSON.stringify(result)).toContain('nobody awaits this')
  })

  it('a stray promise of a record that has ended is logged with node and record', async () => {
    const { result } = await run('ended')
    expect(result).toMatchObject({ read: [1, 2], letters: [], late: [{ node: 'stray', place: 'in/0@0' }] })
  })

  it('a stray promise of a synchronous operator is logged with its own record, not with the next one of the same step', async () => {
    const { result } = await run('plain')
    expect(result).toMatchObject({ read: [1, 2], late: [{ place: 'in/0@0' }, { place: 'in/0@1' }] })
  })

  it('of a batch fails the records of that batch', async () => {
    const { result } = await run('batch')
    expect(result).toMatchObject({ read: [], letters: [{ place: 'in/0@0' }, { place: 'in/0@1' }] })
  })

  it('a stray error of no record ends the process, as without the engine', async () => {
    const { code, stderr } = await run('foreign')
    expect(code).toBe(1)
    expect(stderr).toContain('of no record')
  })
})
