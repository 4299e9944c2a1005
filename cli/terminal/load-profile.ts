/** The profile of a load as options of the command line give it; every fault is named at once. */
import { type DurationText, durationMs, isDuration } from '#core/duration.ts'
import { CaudalError } from '#core/errors.ts'
import { type Burst, dueTimes, type LoadProfile, type Weights } from '#load/profile.ts'

type Name = 'rate' | 'duration' | 'ramp' | 'burst' | 'mix' | 'organisations' | 'repeat' | 'hostile' | 'seed'
export type GivenProfile = Readonly<Record<Name | 'drain', string | undefined>>

export interface LoadTimes {
  readonly profile: LoadProfile
  /** How long is waited for outcomes at the end. */
  readonly drainMs: number
}

const RATE_MAX = 1_000_000
const SECOND_MS = 1_000

/** Throws REJECTED. */
export function loadTimesOf(given: GivenProfile, taskTypes: readonly string[]): LoadTimes {
  const faults: string[] = []
  const read = <T>(
    name: keyof GivenProfile,
    otherwise: T,
    parse: (text: string) => T | undefined,
    form: string,
  ) => {
    const text = given[name]
    const value = text === undefined ? otherwise : parse(text.trim())
    if (value === undefined) faults.push(`--${name} must be ${form}, not "${text}"`)
    return value ?? otherwise
  }
  const profile: LoadProfile = {
    perSecond: read('rate', 10, rate, `a number of events a second up to ${RATE_MAX}, such as 500 or 500/s`),
    durationMs: read('duration', 30 * SECOND_MS, time, TIME),
    rampMs: read('ramp', 0, time, TIME),
    bursts: read('burst', [], bursts, 'as 200@10s, several with commas'),
    taskTypes: read(
      'mix',
      {},
      text => known(weights(text), taskTypes),
      `${WEIGHTS}; task types are ${taskTypes.join(', ')}`,
    ),
    organisations: read('organisations', {}, weights, WEIGHTS),
    repeatedShare: read('repeat', 0, share, 'a share from 0 to 1'),
    hostileShare: read('hostile', 0, share, 'a share from 0 to 1'),
    seed: read('seed', 1, whole, 'a whole number'),
  }
  const drainMs = read('drain', 60 * SECOND_MS, time, TIME)
  faults.push(...unsentFaults(profile, given))
  if (faults.length > 0) throw new CaudalError('REJECTED', { reason: faults.join('\n') })
  return { profile, drainMs }
}

/** What is asked for and never sent is a mistake that no report would show. */
function unsentFaults(profile: LoadProfile, given: GivenProfile): readonly string[] {
  const { bursts, durationMs } = profile
  if (bursts.some(({ atMs }) => atMs >= durationMs))
    return [
      `--burst ${given.burst} has a moment at or behind the end of --duration ${given.duration ?? '30s'}`,
    ]
  if (!dueTimes(profile).next().done) return []
  return ['nothing would be sent: --rate or --duration is 0, and there is no --burst']
}

const TIME = 'a time such as 500ms, 30s, 5m or 1h'
const WEIGHTS = 'names with how often each comes, such as qa=3,sentiment=1'

const numberIn = (text: string, max: number): number | undefined =>
  /^\d+(\.\d+)?$/.test(text) && Number(text) <= max ? Number(text) : undefined

const rate = (text: string) => numberIn(text.replace(/\/s$/, ''), RATE_MAX)
const share = (text: string) => numberIn(text, 1)

function whole(text: string): number | undefined {
  const value = numberIn(text, Number.MAX_SAFE_INTEGER)
  return value !== undefined && Number.isInteger(value) ? value : undefined
}

function time(text: string): number | undefined {
  const duration = text as DurationText // Read as one, or refused.
  return isDuration(duration) ? durationMs(duration) : undefined
}

function bursts(text: string): readonly Burst[] | undefined {
  const found = text.split(',').map(each => {
    const [events = '', at = ''] = each.trim().split('@')
    return { events: whole(events), atMs: time(at) }
  })
  const isBurst = (each: { events: number | undefined; atMs: number | undefined }): each is Burst =>
    each.events !== undefined && each.atMs !== undefined
  return found.every(isBurst) ? found : undefined
}

function weights(text: string): Weights | undefined {
  const found = text.split(',').map(each => {
    const [name = '', weight = '1'] = each.trim().split('=')
    return [name, numberIn(weight, RATE_MAX)] as const
  })
  const isWeighed = (each: readonly [string, number | undefined]): each is readonly [string, number] =>
    each[0] !== '' && each[1] !== undefined && each[1] > 0
  return found.every(isWeighed) ? Object.fromEntries(found) : undefined
}

function known(found: Weights | undefined, names: readonly string[]): Weights | undefined {
  return found && Object.keys(found).every(name => names.includes(name)) ? found : undefined
}
