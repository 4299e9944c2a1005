/** The table of limits is complete and keeps its own rules. Every fault of given limits is reported at once. */
import { describe, expect, it } from 'vitest'
import { CaudalError } from '#core/errors.ts'
import { DEFAULT_LIMITS, LIMIT_NAMES, LIMITS, resolveLimits } from '#core/limits.ts'

function faultsOf(given: object): string {
  try {
    resolveLimits(given)
  } catch (error) {
    if (error instanceof CaudalError && error.code === 'CONFIGURATION_INVALID') return error.message
    throw error
  }
  return ''
}

describe('the table of limits', () => {
  it.each(LIMIT_NAMES)('%s names its unit last and tells what it means', name => {
    const { unit, description, metric } = LIMITS[name]
    expect(name).toMatch(unit === 'ms' ? /Ms$/ : /(Max|Attempts)$/)
    expect(description.length).toBeGreaterThan(20)
    expect(metric).toMatch(/^caudal_limit_[a-z_]+$/)
  })

  it('the table of limits has one metric for each limit', () => {
    expect(new Set(LIMIT_NAMES.map(name => LIMITS[name].metric)).size).toBe(LIMIT_NAMES.length)
  })
})

describe('resolveLimits', () => {
  it('resolveLimits gives the defaults, frozen', () => {
    expect(resolveLimits()).toEqual(DEFAULT_LIMITS)
    expect(resolveLimits({ inFlightMax: undefined })).toEqual(DEFAULT_LIMITS)
    expect(Object.isFrozen(DEFAULT_LIMITS)).toBe(true)
    expect(Object.isFrozen(resolveLimits({ inFlightMax: 5 }))).toBe(true)
  })

  it('resolveLimits takes what is given', () => {
    expect(resolveLimits({ inFlightMax: 5, retryDelay: 0, timeout: '2m' })).toMatchObject({
      inFlightMax: 5,
      retryDelayMs: 0,
      timeoutMs: 120_000,
    })
  })

  it('resolveLimits fits derived limits to those that they depend on', () => {
    expect(resolveLimits({ recordsBufferedMax: 3 }).fetchRecordsMax).toBe(3)
  })

  it('resolveLimits reports every fault at once', () => {
    const faults = faultsOf({ inFlightMax: 0, spanMax: 1.5, timeout: Number.NaN, stagedRecordMax: 5 })
    expect(faults).toContain('there is no limit stagedRecordMax')
    expect(faults).toContain('inFlightMax is 0; it must be an integer of at least 1 records')
    expect(faults).toContain('spanMax is 1.5')
    expect(faults).toContain('timeout is NaN')
    expect(faultsOf({ spanMax: 10_001 })).toContain('it must be an integer from 1 to 10000 offsets')
  })

  it('resolveLimits holds limits against each other', () => {
    expect(faultsOf({ recordsBufferedMax: 10, fetchRecordsMax: 11 })).toContain('recordsBufferedMax is 10')
  })
})
