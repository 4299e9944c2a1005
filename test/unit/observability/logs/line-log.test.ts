/** Log lines for machines: what is in them, what is not, and how many of a kind there are. */
import { describe, expect, it } from 'vitest'
import { jsonLogger } from '#cli/logger.ts'
import { publish } from '#core/diagnostics.ts'
import { CaudalError, failureFields } from '#core/errors.ts'
import type { Logger } from '#core/loggers.ts'
import { driverLines } from '#observability/logs/driver-lines.ts'
import { levelsOf } from '#observability/logs/levels.ts'
import { type LineLogOptions, lineLog } from '#observability/logs/line-log.ts'
import { VirtualTime } from '#testing/virtual-time.ts'

function logged(options: Partial<LineLogOptions> & { readonly level?: string } = {}) {
  const time = new VirtualTime(1, { startMs: 0 })
  const texts: string[] = []
  const levels = levelsOf(options.level ?? 'info')
  if (!levels) throw new TypeError('the test has a level')
  const write = (line: string) => texts.push(line)
  const log = lineLog({ write, levels, system: time.system, ...options })
  return { log, time, texts, lines: () => texts.map(line => JSON.parse(line)) }
}

interface Written {
  readonly log: Logger
  readonly texts: readonly string[]
}

function terminal(withContent: boolean): Written {
  const texts: string[] = []
  const levels = { level: 'info', parts: [] } as const
  const write = (line: string) => texts.push(line)
  return { log: jsonLogger({ write, levels, system: new VirtualTime(1).system, withContent }), texts }
}

describe('a log line', () => {
  it('is one object of JSON with time, level, message and its part of the program', () => {
    const { log, lines, texts } = logged({ always: { application: 'answers', pod: 'pod-1' } })
    log.info('the pod runs', { tasks: 3 })
    expect(lines()).toEqual([
      {
        ...{ level: 'info', time: '1970-01-01T00:00:00.000Z', application: 'answers', pod: 'pod-1' },
        ...{ tasks: 3, message: 'the pod runs' },
      },
    ])
    expect(texts[0]).toMatch(/^\{[^\n]*\}\n$/)
  })

  it('names the code of an error, and the stage of a task', () => {
    const { log, lines } = logged()
    const refused = new CaudalError('REJECTED', { reason: 'no' })
    log.warn('one', { task: 'llm.generate/12', ...failureFields(refused) })
    log.warn('two', { error: refused })
    expect(lines()).toMatchObject([
      { task: 'llm.generate/12', stage: 'llm.generate', code: 'REJECTED', error: refused.message },
      { code: 'REJECTED', error: refused.message },
    ])
  })

  it('keeps its own fields whatever the caller passes, and has each name once', () => {
    const { log, texts, lines } = logged({ always: { pod: 'pod-1' } })
    log.info('a', { level: 'odd', time: 5, message: 'odd', pod: 'pod-2' })
    expect(lines()).toMatchObject([
      { level: 'info', level_: 'odd', time_: 5, message: 'a', message_: 'odd', pod: 'pod-1' },
    ])
    expect(texts[0]?.match(/"pod"/g)).toHaveLength(1)
  })

  it('is written whatever its fields are', () => {
    const { log, lines } = logged()
    const circle: Record<string, unknown> = {}
    circle.self = circle
    const angry = {
      get field() {
        throw new TypeError('do not look')
      },
    }
    log.info('a', {
      circle,
      big: 1n,
      bytes: new Uint8Array(9),
      long: 'x'.repeat(10_000),
      many: Array(500).fill(1),
    })
    log.info('b', angry)
    log.info('c', { nested: { error: new TypeError('deep') } })
    expect(lines()).toMatchObject([
      { message: 'a', big: '1', bytes: '[9 bytes]' },
      { message: 'b', fieldsFault: 'do not look' },
      { message: 'c', nested: { error: 'deep' } },
    ])
    expect(lines()[0].long).toHaveLength(4_000 + '… (10000 characters)'.length)
    expect(lines()[0].many).toHaveLength(100)
  })
})

describe('log levels', () => {
  it('hold for the whole program, or for a part with everything inside it', () => {
    const { log, lines } = logged({ level: 'warn,engine=info,engine/log/kafka=debug' })
    log.info('general')
    log.debug('engine', { part: 'engine' })
    log.info('engine', { part: 'engine' })
    log.debug('kafka', { part: 'engine/log/kafka' })
    log.info('inside', { part: 'engine/log' })
    log.info('beside', { part: 'engines' })
    expect(lines().map(({ message }) => message)).toEqual(['engine', 'kafka', 'inside'])
  })

  it.each(['loud', 'info,warn', 'engine=', 'engine=loud', '=debug', 'a=info=b', 'a b=info', ''])(
    'refuse "%s"',
    text => expect(levelsOf(text)).toBeUndefined(),
  )

  it('open the lines of the Kafka driver, which are closed by default', () => {
    const message = { request: 'Fetch', resource: 'a/0', waitMs: 5, error: new TypeError('away') }
    for (const [level, count] of [
      ['info', 0],
      ['info,engine/log/kafka=debug', 1],
    ] as const) {
      const { log, lines } = logged({ level })
      const driver = driverLines(log)
      publish('caudal:log:retried', message)
      driver[Symbol.dispose]()
      publish('caudal:log:retried', message)
      expect(lines()).toHaveLength(count)
    }
  })
})

describe('a log line hides', () => {
  const SECRETS = [
    ...[
      'authorization',
      'Authorization',
      'AUTHORIZATION',
      'proxy-authorization',
      'cookie',
      'Set-Cookie',
      'sasl',
    ],
    ...[
      'x-api-key',
      'X-API-Key',
      'apiKey',
      'api_key',
      'OPENAI_API_KEY',
      'password',
      'dbPassword',
      'PASSWORD',
    ],
    ...['secret', 'clientSecret', 'client_secret', 'token', 'refreshToken', 'refresh_token', 'access-token'],
    ...['privateKey', 'passwords', 'tokens'],
  ]
  const CONTENTS = [
    ...['content', 'Content', 'title', 'best_answer', 'bestAnswer', 'text', 'query', 'prompt', 'answer'],
    ...['messages', 'question', 'reply'],
  ]
  const places: readonly (readonly [string, (fields: object) => object])[] = [
    ['at the top', fields => fields],
    ['four levels below', fields => ({ a: { b: { c: fields } } })],
    ['in an array', fields => ({ list: [fields] })],
    ['in arrays in arrays', fields => ({ list: [[fields]] })],
    ['in what becomes JSON', fields => ({ it: { toJSON: () => fields } })],
  ]
  const loggers: readonly (readonly [string, (withContent: boolean) => Written])[] = [
    ['for machines', withContent => logged({ withContent })],
    ['of a terminal', terminal],
  ]
  const each = loggers.flatMap(([logger, open]) =>
    places.map(([place, put]) => ({ logger, place, open, put })),
  )

  it.each(each)('$logger, $place: secrets and content by their names', ({ open, put }) => {
    const closed = open(false)
    for (const name of [...SECRETS, ...CONTENTS])
      for (const value of ['hush', ['hush'], { a: 'hush' }]) closed.log.info(name, put({ [name]: value }))
    expect(closed.texts.filter(line => line.includes('hush'))).toEqual([])
    const withContent = open(true)
    for (const name of SECRETS) withContent.log.info(name, put({ [name]: 'hush' }))
    for (const name of CONTENTS) withContent.log.info(name, put({ [name]: 'said' }))
    expect(withContent.texts.join('')).not.toContain('hush')
    expect(withContent.texts.filter(line => line.includes('said'))).toHaveLength(CONTENTS.length)
  })

  it.each(loggers)('%s: no counts, and no names that only resemble a secret', (_, open) => {
    const { log, texts } = open(false)
    const counts = { tokens: 5, promptTokens: 6, tokens_completion: 7, usage: { totalTokens: 8 } }
    const fields = {
      ...counts,
      maxTokens: { input: 9 },
      questions: 10,
      texture: 'x',
      key: 'lane',
      hasToken: true,
    }
    log.info('a', fields)
    expect(JSON.parse(texts[0] ?? '')).toMatchObject(fields)
  })

  it.each(loggers)('%s: nothing by failing, whatever its fields are', (_, open) => {
    const { log, texts } = open(false)
    const circle: Record<string, unknown> = { big: 1n }
    circle.self = circle
    const angry = {
      get field() {
        throw new TypeError('do not look')
      },
    }
    log.info('a', { big: 1n, circle })
    log.info('b', angry)
    expect(texts.map(line => JSON.parse(line))).toMatchObject([
      { message: 'a', big: '1', circle: { big: '1' } },
      { message: 'b', fieldsFault: 'do not look' },
    ])
  })

  it('content, unless the settings ask for content', () => {
    const fields = {
      question: 'Am I ill?',
      messages: [{ content: 'Am I ill?' }],
      reply: 'No, not ill.',
      event_id: '7',
    }
    const broken = reasonOfParsing('Am I ill, or am I tired today?')
    const closed = logged()
    closed.log.info('a', { ...fields, error: broken })
    expect(closed.texts.join('')).not.toContain('ill')
    expect(closed.lines()[0]).toMatchObject({ question: '[content]', reply: '[content]', event_id: '7' })
    const open = logged({ withContent: true })
    open.log.info('a', { ...fields, error: broken })
    expect(open.lines()[0]).toMatchObject({ ...fields, error: broken.message })
  })
})

function reasonOfParsing(text: string): Error {
  try {
    JSON.parse(text)
  } catch (error) {
    if (error instanceof Error) return error
  }
  throw new TypeError('the text of the test is JSON')
}

describe('equal log lines', () => {
  it('are ten in a minute, and then one line with the number of the others', async () => {
    const { log, time, lines } = logged()
    for (let count = 0; count < 100; count++) log.warn('away', { attempt: count })
    log.warn('another')
    expect(lines()).toHaveLength(11)
    await time.runFor(60_000)
    expect(lines()).toHaveLength(12)
    expect(lines()[11]).toMatchObject({ message: 'away', attempt: 99, repeated: 90 })
    log.warn('away', { attempt: 100 })
    expect(lines()[12]).toMatchObject({ attempt: 100 })
    expect(lines()[12]).not.toHaveProperty('repeated')
  })

  it('have the same level, part, message and code', () => {
    const { log, lines } = logged()
    for (let count = 0; count < 20; count++) {
      log.warn('a', { code: 'ONE' })
      log.warn('a', { code: 'TWO' })
      log.error('a', { code: 'ONE' })
      log.warn('a', { code: 'ONE', part: 'engine' })
    }
    expect(lines()).toHaveLength(40)
  })

  it('that are held back are written when the log closes, and no timer stays', async () => {
    const { log, time, lines } = logged()
    for (let count = 0; count < 11; count++) log.warn('away')
    log[Symbol.dispose]()
    expect(lines()).toHaveLength(11)
    expect(lines()[10]).toMatchObject({ repeated: 1 })
    await time.runFor(120_000)
    expect(lines()).toHaveLength(11)
  })
})
