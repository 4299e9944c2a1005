/** The writer: order, grouping, and what a failing commit does to the changes that shared it. */
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { CaudalError } from '#core/errors.ts'
import { realSystem } from '#core/system.ts'
import type { Put } from '#engine/log/embedded/store.ts'
import { Store } from '#engine/log/embedded/store.ts'
import type { Change } from '#engine/log/embedded/writer.ts'
import { Writer } from '#engine/log/embedded/writer.ts'
import { ManualSystem, temporaryFolder } from './opening.ts'

/** A store that counts its commits and flushes, and fails on request. */
class WatchedStore extends Store {
  readonly commits: number[] = []
  flushes = 0
  failing = false

  override commit(puts: readonly Put[]) {
    this.commits.push(puts.length)
    if (this.failing) throw new CaudalError('LOG_FULL', { path: this.path })
    return super.commit(puts)
  }

  override flush() {
    this.flushes++
    return super.flush()
  }
}

function change<T>(result: T, puts = 1): Change<T> {
  const entries = Array.from({ length: puts }, (_, n) => [Buffer.from([9, n]), Buffer.from('x')] as const)
  return { puts: entries, committed: () => result }
}

describe('the writer', () => {
  let store: WatchedStore
  let writer: Writer

  beforeEach(() => {
    store = new WatchedStore(temporaryFolder(), 'interval', Number.MAX_SAFE_INTEGER)
    writer = new Writer(store, realSystem, false)
    onTestFinished(async () => {
      await writer.close()
      await store.close()
    })
  })

  it('the writer commits what comes in one turn together, in order', async () => {
    const order: string[] = []
    const submit = (name: string) =>
      writer.submit(() => {
        order.push(`plan ${name}`)
        return { puts: change(0).puts, committed: () => order.push(`done ${name}`) }
      })
    await Promise.all([submit('a'), submit('b'), submit('c')])
    expect(store.commits).toEqual([3])
    expect(order).toEqual(['plan a', 'plan b', 'plan c', 'done a', 'done b', 'done c'])
  })

  it('the writer commits alone what asks for it, at its place in the order', async () => {
    const submit = (puts: number, alone: boolean) => writer.submit(() => change(puts, puts), { alone })
    await Promise.all([
      submit(1, false),
      submit(2, true),
      submit(3, true),
      submit(4, false),
      submit(5, false),
    ])
    expect(store.commits).toEqual([1, 2, 3, 9])
  })

  it('the writer writes nothing where nothing is put', async () => {
    expect(await writer.submit(() => change('result', 0))).toBe('result')
    expect(store.commits).toEqual([])
  })

  it('the writer rejects a change whose plan throws, and none beside it', async () => {
    const settled = await Promise.allSettled([
      writer.submit(() => change('before')),
      writer.submit(() => {
        throw new CaudalError('FENCED', { producer: 'p' })
      }),
      writer.submit(() => change('after')),
    ])
    expect(settled).toMatchObject([{ value: 'before' }, { reason: { code: 'FENCED' } }, { value: 'after' }])
  })

  it('the writer rejects all that put something when the commit fails, applies none of it, and goes on', async () => {
    store.failing = true
    let applied = 0
    const writing = () => writer.submit(() => ({ puts: change(0).puts, committed: () => applied++ }))
    const [first, second, without] = await Promise.allSettled([
      writing(),
      writing(),
      writer.submit(() => change('no put', 0)),
    ])
    expect([first.status, second.status]).toEqual(['rejected', 'rejected'])
    expect(without).toMatchObject({ value: 'no put' })
    expect(applied).toBe(0)
    store.failing = false
    await writing()
    expect(applied).toBe(1)
  })

  it('the writer rejects what has not begun when it is closed, and what comes later', async () => {
    const waiting = writer.submit(() => change('never'))
    const closing = writer.close()
    await expect(waiting).rejects.toMatchObject({ code: 'LOG_CLOSED' })
    await closing
    await expect(writer.submit(() => change('never'))).rejects.toMatchObject({ code: 'LOG_CLOSED' })
    expect(store.commits).toEqual([])
  })

  it('the writer has the disk follow once a second, only after something was written', async () => {
    const system = new ManualSystem()
    const flushing = new Writer(store, system, true)
    system.pass(5_000)
    expect(store.flushes).toBe(0)
    await flushing.submit(() => change(1))
    await flushing.submit(() => change(2))
    expect(store.flushes).toBe(0)
    system.pass(1_000)
    expect(store.flushes).toBe(1)
    system.pass(5_000)
    expect(store.flushes).toBe(1)
    await flushing.close()
  })
})
