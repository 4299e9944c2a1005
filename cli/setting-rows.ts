/** The kinds of settings: how the text of each is read, and what is said of one that does not fit. */
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { TASK_TYPES } from '#answers/task-types/index.ts'
import { reasonOf } from '#core/errors.ts'
import { levelsOf } from '#observability/logs/levels.ts'

export interface Row<T> {
  /** Name in the environment. */
  readonly environment: string
  /** Whether the name in small letters is read too, and goes before: so it is with proxies everywhere. */
  readonly alsoSmall?: boolean
  readonly type: 'text' | 'list' | 'address' | 'integer' | 'number' | 'choice' | 'boolean' | 'file'
  readonly default: T
  /** What stands for the default where it differs from machine to machine. */
  readonly defaultText?: string
  readonly unit?: string
  readonly description: string
  /** Never printed. */
  readonly secret?: boolean
  readonly parse: (text: string) => T | Fault
}

/** Why a text is no value of its setting. */
export class Fault {
  readonly reason: string
  constructor(reason: string) {
    this.reason = reason
  }
}

export type Base<T> = Pick<Row<T>, 'default' | 'description'> &
  Partial<Pick<Row<T>, 'unit' | 'secret' | 'defaultText' | 'alsoSmall'>>

export const text = (environment: string, base: Base<string>): Row<string> => {
  return { environment, type: 'text', ...base, parse: given => given }
}

/** A key that is sent in a header of HTTP. */
export const key = (environment: string, base: Base<string>): Row<string> => ({
  ...text(environment, { ...base, secret: true }),
  parse: given =>
    /^[\x21-\x7e]+$/.test(given)
      ? given
      : new Fault('must be one word of visible ASCII characters, since a header of HTTP carries it'),
})

/** A name that becomes part of topics, groups and transactional ids. */
export const name = (environment: string, base: Base<string>): Row<string> => ({
  ...text(environment, base),
  parse: given =>
    /^[A-Za-z0-9._-]{1,100}$/.test(given)
      ? given
      : new Fault('must be 1 to 100 letters, digits, dots, underscores or hyphens'),
})

export const addresses = (environment: string, base: Base<readonly string[]>): Row<readonly string[]> => ({
  environment,
  type: 'list',
  ...base,
  parse: given => {
    const list = given.split(',').map(address => address.trim())
    const isAll = list.every(address => /^[^\s:/]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/.test(address))
    return isAll ? list : new Fault('must be host:port, such as localhost:9092, more of them after commas')
  },
})

/** Names of networks that proxies stand in, beside addresses. */
const NETWORK_NAMES = ['loopback', 'linklocal', 'uniquelocal']

/** Addresses and networks, as 10.0.0.7 and 10.0.0.0/8, or the names of well-known networks. */
export const networks = (environment: string, base: Base<readonly string[]>): Row<readonly string[]> => ({
  environment,
  type: 'list',
  ...base,
  parse: given => {
    const list = given.split(',').map(each => each.trim())
    return list.every(each => NETWORK_NAMES.includes(each) || isNetwork(each))
      ? list
      : new Fault(
          `must be addresses, networks such as 10.0.0.0/8, or ${NETWORK_NAMES.join(', ')}, more of them after commas`,
        )
  },
})

function isNetwork(text: string): boolean {
  const [address = '', length, ...more] = text.split('/')
  const bits = isIP(address) === 4 ? 32 : isIP(address) === 6 ? 128 : -1
  if (bits < 0 || more.length > 0) return false
  return length === undefined || (/^\d{1,3}$/.test(length) && Number(length) >= 1 && Number(length) <= bits)
}

/** Names of task types that there are. */
export const taskTypes = (environment: string, base: Base<readonly string[]>): Row<readonly string[]> => ({
  environment,
  type: 'list',
  ...base,
  parse: given => {
    const list = given.split(',').map(each => each.trim())
    const isKnown = list.every(each => Object.hasOwn(TASK_TYPES, each))
    return isKnown
      ? list
      : new Fault(`must be task types with commas between: ${Object.keys(TASK_TYPES).join(', ')}`)
  },
})

/** A word for each name: `NAME=WORD`, more of them after commas. */
export const words = <T extends string>(
  environment: string,
  allowed: readonly NoInfer<T>[],
  base: Base<Readonly<Record<string, T>>>,
): Row<Readonly<Record<string, T>>> => ({
  environment,
  type: 'list',
  ...base,
  parse: given => {
    const pairs = given.split(',').map(pair => {
      const [key = '', said] = pair.split('=').map(part => part.trim())
      return [key, allowed.find(each => key !== '' && each === said)] as const
    })
    const known = pairs.flatMap(([key, word]) => (word === undefined ? [] : [[key, word] as const]))
    return known.length === pairs.length
      ? Object.fromEntries(known)
      : new Fault(`must be NAME=${allowed.join(' or NAME=')}, more of them after commas`)
  },
})

export const address = (
  environment: string,
  schemes: readonly string[],
  base: Base<string>,
): Row<string> => ({
  environment,
  type: 'address',
  ...base,
  parse: given => {
    const url = URL.canParse(given) ? new URL(given) : undefined
    const allowed = schemes.map(scheme => `${scheme}://`).join(' or ')
    if (!url || !schemes.includes(url.protocol.slice(0, -1)))
      return new Fault(`must be an address that begins with ${allowed}`)
    // The clients decode these parts, and throw where they cannot.
    return isDecodable(`${url.username}:${url.password}${url.pathname}`)
      ? given
      : new Fault('has a % that begins no sign such as %2F: write it as %25')
  },
})

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

export const number = (
  environment: string,
  [low, high]: readonly [number, number],
  base: Base<number>,
  type: 'integer' | 'number' = 'integer',
): Row<number> => ({
  environment,
  type,
  ...base,
  parse: given => {
    const value = Number(given)
    const fits =
      given.trim() !== '' && value >= low && value <= high && (type === 'number' || Number.isInteger(value))
    return fits
      ? value
      : new Fault(`must be ${type === 'integer' ? 'a whole number' : 'a number'} from ${low} to ${high}`)
  },
})

/** One of a few words, in whatever case. */
export const choice = <T extends string>(
  environment: string,
  allowed: readonly NoInfer<T>[],
  base: Base<T>,
): Row<T> => ({
  environment,
  type: 'choice',
  ...base,
  parse: given =>
    allowed.find(each => each === given.toLowerCase()) ?? new Fault(`must be one of ${allowed.join(', ')}`),
})

/** Levels of log lines: one word for all, and `PART=WORD` for parts of the program. */
export const levels = (environment: string, base: Base<string>): Row<string> => ({
  environment,
  type: 'list',
  ...base,
  parse: given =>
    levelsOf(given)
      ? given
      : new Fault(
          'must be debug, info, warn or error, and PART=LEVEL for parts of the program, with commas between',
        ),
})

export const flag = (environment: string, base: Base<boolean>): Row<boolean> => ({
  environment,
  type: 'boolean',
  ...base,
  parse: given => (['true', 'false'].includes(given) ? given === 'true' : new Fault('must be true or false')),
})

/** The path of a file that can be read. */
export const file = (environment: string, base: Base<string>): Row<string> => ({
  environment,
  type: 'file',
  ...base,
  parse: given => {
    try {
      readFileSync(given)
      return given
    } catch (error) {
      return new Fault(`cannot be read (${reasonOf(error)})`)
    }
  },
})

/** The name of a machine or its address, without a port. */
export const host = (environment: string, base: Base<string>): Row<string> => ({
  environment,
  type: 'text',
  ...base,
  parse: given =>
    isIP(given) > 0 || /^[A-Za-z0-9]([A-Za-z0-9.-]{0,252})$/.test(given)
      ? given
      : new Fault('must be the name or the address of a network interface'),
})
