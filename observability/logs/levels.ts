/** From which level on lines are written: one level for all, and others for parts of the program. */

const LEVELS = ['debug', 'info', 'warn', 'error'] as const
/** How grave a line is. */
export type LogLevel = (typeof LEVELS)[number]

/** What is written. */
export interface LogLevels {
  readonly level: LogLevel
  /** Part of the program to its own level, the longest name first. */
  readonly parts: readonly (readonly [part: string, level: LogLevel])[]
}

const ORDER: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 }

/** Reads `info,engine/log/kafka=debug`; nothing where that is no such list. */
export function levelsOf(text: string): LogLevels | undefined {
  const words = text.split(',').map(word => word.trim().toLowerCase())
  const general = words.filter(word => !word.includes('='))
  const level = general.length === 0 ? 'info' : levelOf(general[0])
  const parts = words.filter(word => word.includes('=')).map(partLevelOf)
  if (level === undefined || general.length > 1 || !parts.every(part => part !== undefined)) return undefined
  return { level, parts: parts.toSorted(([a], [b]) => b.length - a.length) }
}

/** A part has the level of the nearest part around it that has one. */
export function isWritten(level: LogLevel, part: string | undefined, levels: LogLevels): boolean {
  const own = part === undefined ? undefined : levels.parts.find(([name]) => isWithin(part, name))
  return ORDER[level] >= ORDER[own?.[1] ?? levels.level]
}

/** The part of the program that the fields of a line name. */
export const partOf = (fields: object): string | undefined =>
  'part' in fields && typeof fields.part === 'string' ? fields.part : undefined

const isWithin = (part: string, name: string): boolean => part === name || part.startsWith(`${name}/`)

const levelOf = (word: string | undefined): LogLevel | undefined => LEVELS.find(level => level === word)

function partLevelOf(word: string): readonly [string, LogLevel] | undefined {
  const [name = '', said, ...more] = word.split('=').map(each => each.trim())
  const level = levelOf(said)
  const isPart = /^[a-z0-9._/-]{1,100}$/.test(name) && more.length === 0
  return isPart && level !== undefined ? [name, level] : undefined
}
