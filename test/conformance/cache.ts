/** The contract suite of the cache: what every cache must do, read through the port alone. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { realSystem } from '#core/system.ts'
import { type Cache, VALUE_BYTES_MAX } from '#stores/cache.ts'
import { Computed } from '#stores/computed.ts'
import { organizationOf } from '#stores/organization.ts'

export interface CacheFixture {
  readonly cache: Cache
  /** Puts a value where the cache looks for it, as another program would. */
  spoil(key: string): Promise<void>
  close(): Promise<void>
}

const ACME = organizationOf('acme')
const OTHER = organizationOf('other')
const HOUR_MS = 3_600_000

/** Runs the contract suite; `open` makes a cache that holds nothing. Keys begin with the prefix. */
export function describeCache(name: string, open: () => Promise<CacheFixture>, prefix = ''): void {
  describe(`${name} is a cache`, () => {
    let fixture: CacheFixture
    let cache: Cache
    const key = (text: string) => `${prefix}q:${text}`
    beforeAll(async () => {
      fixture = await open()
      cache = fixture.cache
    })
    afterAll(() => fixture.close())

    it('finds the last value of a key, with any text', async () => {
      expect(await cache.get(ACME, key('text'))).toBeUndefined()
      for (const value of ['first', '', 'ñandú 🜁 "\\'])
        await cache.set(ACME, key('text'), value, HOUR_MS).then(async () => {
          expect(await cache.get(ACME, key('text'))).toBe(value)
        })
    })

    it('shows no organisation the values of another one', async () => {
      await cache.set(ACME, key('theirs'), 'secret', HOUR_MS)
      expect(await cache.get(OTHER, key('theirs'))).toBeUndefined()
      expect(await cache.get(organizationOf(undefined), key('theirs'))).toBeUndefined()
    })

    it('forgets a value when its time is over', async () => {
      await cache.set(ACME, key('short'), 'value', 60)
      await vi.waitFor(async () => expect(await cache.get(ACME, key('short'))).toBeUndefined())
    })

    it('accepts a lifetime that is too long, and stores no value that is too large', async () => {
      await cache.set(ACME, key('long'), 'value', Number.MAX_SAFE_INTEGER)
      expect(await cache.get(ACME, key('long'))).toBe('value')
      await cache.set(ACME, key('long'), 'x'.repeat(VALUE_BYTES_MAX), HOUR_MS)
      expect(await cache.get(ACME, key('long'))).toBeUndefined()
    })

    it('finds nothing in an entry of another program', async () => {
      await fixture.spoil(key('spoilt'))
      expect(await cache.get(ACME, key('spoilt'))).toBeUndefined()
    })

    it('replaces a value only where the caller knows the present value', async () => {
      const at = key('swapped')
      expect(await cache.replace(ACME, at, undefined, 'one', HOUR_MS)).toBe(true)
      expect(await cache.replace(ACME, at, undefined, 'two', HOUR_MS)).toBe(false)
      expect(await cache.replace(ACME, at, 'other', 'two', HOUR_MS)).toBe(false)
      expect(await cache.replace(OTHER, at, 'one', 'two', HOUR_MS)).toBe(false)
      const all = ['a', 'b', 'c', 'd'].map(value => cache.replace(ACME, at, 'one', value, HOUR_MS))
      expect((await Promise.all(all)).filter(isDone => isDone)).toHaveLength(1)
      expect(await cache.replace(ACME, key('absent'), 'one', 'two', HOUR_MS)).toBe(false)
      await expect(
        cache.replace(ACME, key('large'), undefined, 'x'.repeat(VALUE_BYTES_MAX), HOUR_MS),
      ).rejects.toMatchObject({ code: 'REJECTED' })
    })

    it('ends a value that replaced another one at its own time', async () => {
      await cache.replace(ACME, key('brief'), undefined, 'one', HOUR_MS)
      await cache.replace(ACME, key('brief'), 'one', 'two', 60)
      await vi.waitFor(async () => expect(await cache.get(ACME, key('brief'))).toBeUndefined())
      expect(await cache.replace(ACME, key('brief'), undefined, 'three', HOUR_MS)).toBe(true)
    })

    it('deletes the matching keys of one organisation, where only a star stands for other text', async () => {
      for (const each of ['d-1', 'd-2', 'e-1', 'd[1]', 'd?1']) await cache.set(ACME, key(each), each, HOUR_MS)
      await cache.set(OTHER, key('d-other'), 'theirs', HOUR_MS)
      expect(await cache.deleteMatching(ACME, key('d[1]'))).toBe(1)
      expect(await cache.deleteMatching(ACME, key('d?1'))).toBe(1)
      expect(await cache.deleteMatching(ACME, key('d-*'))).toBe(2)
      expect(await cache.get(ACME, key('d-1'))).toBeUndefined()
      expect(await cache.get(ACME, key('e-1'))).toBe('e-1')
      expect(await cache.get(OTHER, key('d-other'))).toBe('theirs')
      expect(await cache.deleteMatching(ACME, key('nothing*'))).toBe(0)
    })

    it('counts hits and misses by namespace', async () => {
      const namespace = prefix === '' ? 'q' : prefix.replace(/:$/, '')
      const before = cache.statistics()[namespace] ?? { hits: 0, misses: 0 }
      await cache.set(ACME, key('counted'), 'value', HOUR_MS)
      await cache.get(ACME, key('counted'))
      await cache.get(ACME, key('absent'))
      expect(cache.statistics()[namespace]).toMatchObject({
        hits: before.hits + 1,
        misses: before.misses + 1,
      })
    })

    it('makes a value once for all who want it, in one process and in several', async () => {
      const processes = [computedOver(cache), computedOver(cache)]
      const { promise, resolve } = Promise.withResolvers<void>()
      let made = 0
      const compute = async () => {
        made++
        await promise
        return `made ${made}`
      }
      const wanted = processes.flatMap(each =>
        [1, 2, 3].map(() => each.getOrCompute(ACME, key('wanted'), HOUR_MS, compute)),
      )
      await vi.waitFor(() => expect(made).toBe(1))
      resolve()
      expect(await Promise.all(wanted)).toEqual(wanted.map(() => 'made 1'))
      expect(await cache.get(ACME, key('wanted'))).toBe('made 1')
      const theirs = computedOver(cache).getOrCompute(OTHER, key('wanted'), HOUR_MS, async () => 'theirs')
      expect(await theirs).toBe('theirs')
    })

    it('keeps what another makes when the first maker has died, once its lease is over', async () => {
      expect(await madeAfterDeath(cache, key('orphan'))).toBe('second')
    })

    it('keeps nothing where a lease outlives its holder, which the test before this one would catch', async () => {
      // The planted bug: a lease has the life of a value.
      const bugged: Cache = {
        get: (...of) => cache.get(...of),
        set: (...of) => cache.set(...of),
        replace: (organization, at, before, value) =>
          cache.replace(organization, at, before, value, value === '' ? 1 : HOUR_MS),
        deleteMatching: (...of) => cache.deleteMatching(...of),
        statistics: () => cache.statistics(),
      }
      expect(await madeAfterDeath(bugged, key('held'))).toBeUndefined()
    })

    it('gives the lease back where nothing could be made', async () => {
      const failure = new TypeError('it cannot be made')
      const failed = computedOver(cache, HOUR_MS).getOrCompute(ACME, key('failed'), HOUR_MS, async () => {
        throw failure
      })
      await expect(failed).rejects.toBe(failure)
      const next = computedOver(cache, HOUR_MS).getOrCompute(ACME, key('failed'), HOUR_MS, async () => 'next')
      expect(await next).toBe('next')
      expect(await cache.get(ACME, key('failed'))).toBe('next')
    })

    it('leaves the lease of another to the other', async () => {
      const [slow, quick] = [Promise.withResolvers<string>(), Promise.withResolvers<string>()]
      const first = computedOver(cache, 50).getOrCompute(ACME, key('slow'), HOUR_MS, () => slow.promise)
      let isHeld = false
      const second = computedOver(cache, HOUR_MS).getOrCompute(ACME, key('slow'), HOUR_MS, () => {
        isHeld = true
        return quick.promise
      })
      await vi.waitFor(() => expect(isHeld).toBe(true), { timeout: 10_000 })
      slow.resolve('slow')
      expect(await first).toBe('slow')
      expect(await cache.replace(ACME, `lease:${key('slow')}`, undefined, 'taken', HOUR_MS)).toBe(false)
      quick.resolve('quick')
      expect(await second).toBe('quick')
    })
  })
}

let tokens = 0

/** As of a process of its own. */
const computedOver = (cache: Cache, leaseMs = 10_000): Computed =>
  new Computed({ cache, system: realSystem, leaseMs, token: () => `lease ${tokens++}` })

const LEASE_MS = 200

/** What the cache has after a maker has died, and another process has asked. */
async function madeAfterDeath(cache: Cache, key: string): Promise<string | undefined> {
  let isMaking = false
  computedOver(cache, LEASE_MS).getOrCompute(ACME, key, HOUR_MS, () => {
    isMaking = true
    return new Promise(() => undefined)
  })
  await vi.waitFor(() => expect(isMaking).toBe(true))
  const second = await computedOver(cache, LEASE_MS).getOrCompute(ACME, key, HOUR_MS, async () => 'second')
  expect(second).toBe('second')
  return cache.get(ACME, key)
}
