/** A DATA_DIR that cannot be used: every command says so in one sentence and ends with a code, and none looks for ever. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { EXIT } from '#cli/command/command.ts'
import { main } from '#cli/main.ts'
import { caudal, dataFolder } from '../unit/cli/data-folder.ts'
import { surroundings } from '../unit/cli/surroundings.ts'

const LOOKING = [
  'results',
  'results --follow',
  'lag',
  'dlq list',
  'dlq show q',
  'dlq replay --all',
  'state get admit q',
  'config list',
  'config unset qa',
  'topics plan',
  'schemas check',
  'pods',
]
const WRITING = [
  'start --exit',
  'start --exit --fresh',
  'run',
  'produce -',
  'config set qa -',
  'topics apply',
  'schemas register',
  'gateway',
]

const fileInPlace = (): string => {
  const path = join(dataFolder(), 'data')
  writeFileSync(path, 'no folder')
  return path
}
const FOLDERS: readonly (readonly [string, () => string])[] = [
  ['below a folder of /proc', () => '/proc/self/caudal'],
  ['that is a file', fileInPlace],
  ['below a file', () => join(fileInPlace(), 'data')],
  ['whose name is too long', () => join(dataFolder(), 'x'.repeat(5_000))],
]

async function refused(words: string, folder: string) {
  const environment = { DATA_DIR: folder, LOG_LEVEL: 'error', PORT: '0' }
  const { world, stderr } = surroundings({ environment, input: '{"title":"Why?"}\n' })
  const code = await main(words.split(' '), world)
  return { code, told: stderr.text.trimEnd().split('\n') }
}

it.each(FOLDERS.flatMap(([kind, make]) => WRITING.map(words => [words, kind, make] as const)))(
  'caudal %s refuses a DATA_DIR %s',
  async (words, _, make) => {
    const folder = make()
    const { code, told } = await refused(words, folder)
    expect(told).toHaveLength(1)
    expect(told[0]).toContain('FOLDER_REFUSED')
    expect(told[0]).toContain('DATA_DIR')
    expect(code).toBe(EXIT.configuration)
  },
)

it.each(FOLDERS.flatMap(([kind, make]) => LOOKING.map(words => [words, kind, make] as const)))(
  'caudal %s, which only looks, refuses a DATA_DIR %s or finds no topics there',
  async (words, _, make) => {
    const { code, told } = await refused(words, make())
    expect(told).toHaveLength(1)
    expect(told[0]).toContain('DATA_DIR')
    expect(code).toBe(
      told[0]?.includes('FOLDER_REFUSED')
        ? EXIT.configuration
        : words === 'schemas check'
          ? EXIT.ok
          : EXIT.notFound,
    )
  },
)

it.each(LOOKING)('caudal %s leaves no folder behind where DATA_DIR does not exist', async words => {
  const folder = join(dataFolder(), 'mistyped')
  const { stderr } = await caudal(folder, words.split(' '))
  expect(stderr).toContain('application answers has no topics here: check APP_ID')
  expect(existsSync(folder)).toBe(false)
})

it.each(['produce none.ndjson', 'config set qa none.json'])(
  'caudal %s, with a file that does not exist, leaves no folder behind',
  async words => {
    const folder = join(dataFolder(), 'mistyped')
    const { code, stderr } = await caudal(folder, words.split(' '))
    expect(code).toBe(EXIT.usage)
    expect(stderr).toContain('cannot be read')
    expect(existsSync(folder)).toBe(false)
  },
)

it.each(['embedded-state', 'purchases/x', 'answers.db/x', 'cache/data.mdb/x', 'log/lock.db/x'])(
  'caudal start refuses a DATA_DIR in which %s is no file or folder of its own',
  async path => {
    const folder = dataFolder()
    if (path === 'embedded-state') writeFileSync(join(folder, path), '')
    else mkdirSync(join(folder, path), { recursive: true })
    const { code, told } = await refused('start --exit', folder)
    expect(told).toHaveLength(1)
    expect(told[0]).toContain('DATA_DIR')
    expect(code).toBe(EXIT.configuration)
  },
)
