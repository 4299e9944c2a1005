/** `caudal webhook`: endpoints with what they have not taken, a call to try them, and what was given up sent again. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { auditIn } from '#admin/audit.ts'
import { WebhookAvro } from '#answers/codecs.ts'
import { TOPICS } from '#answers/topics.ts'
import type { Webhook } from '#answers/types.ts'
import { EXIT } from '#cli/command/command.ts'
import { configurationOf } from '#cli/environment.ts'
import { main } from '#cli/main.ts'
import { planOf } from '#cli/topology.ts'
import { HEADER, type LogRecord, NO_HEADERS } from '#core/record.ts'
import { readAll } from '#engine/log/read-topic.ts'
import { encodeDeadLetter } from '#engine/record/dead-letter.ts'
import { WEBHOOK_EVENTS } from '#webhooks/webhook.ts'
import { SECRET } from '../webhooks/caller-checks.ts'
import { isSignedWith, type Receiver, startReceiver, status } from '../webhooks/receiver.ts'
import { dataFolder, withLog } from './data-folder.ts'
import { surroundings } from './surroundings.ts'

let folder: string
let receiver: Receiver
beforeEach(async () => {
  folder = dataFolder()
  receiver = await startReceiver()
  const acme = {
    organization: 'acme',
    secrets: [SECRET],
    endpoints: [{ url: receiver.url('/hook?key=hidden') }],
  }
  writeFileSync(join(folder, 'hooks.json'), JSON.stringify({ organizations: [acme] }))
})
afterEach(() => receiver[Symbol.asyncDispose]())

const settings = () => ({ WEBHOOKS_FILE: join(folder, 'hooks.json'), WEBHOOK_ALLOW: '127.0.0.1' })

async function webhook(words: readonly string[], environment: Record<string, string> = settings()) {
  const { world, stdout, stderr } = surroundings({ environment: { DATA_DIR: folder, ...environment } })
  const code = await main(['webhook', ...words], world)
  return { code, stdout: stdout.text, stderr: stderr.text, lines: stdout.text.split('\n').filter(Boolean) }
}

const message = (more: Partial<Webhook> = {}): Webhook => ({
  ...{ id: 'msg_1', task_id: 'q1', task_type: 'qa', organization_id: 'acme', event: 'answer.delivered' },
  ...{ url: receiver.url('/hook'), body: '{}', created_at: 1, attempts: 8, parked: 3 },
  ...more,
})

/** Gives the messages up. */
async function filled(...webhooks: readonly Webhook[]) {
  const plan = planOf(configurationOf(settings()))
  const records = webhooks.map((each, index) => ({
    key: Buffer.from(`dead-${index}`),
    value: encodeDeadLetter({
      ...{ id: `dead-${index}`, application: 'answers', node: 'call-webhook', code: 'WEBHOOK_UNDELIVERED' },
      ...{ message: 'status 500', stack: undefined, attempts: 1, failedAt: 4 },
      origin: {
        ...{ topic: TOPICS.webhooks, partition: 2, offset: index, timestamp: 9 },
        ...{ key: Buffer.from(each.id), value: Buffer.from(WebhookAvro.encode(each)), headers: NO_HEADERS },
      },
    }),
    headers: NO_HEADERS,
    timestamp: 1,
  }))
  await withLog(folder, async log => {
    await log.createTopics(plan.topicSpecs)
    await log.append([{ topic: plan.deadLetterTopic, partition: 1, records }])
  })
}

describe('caudal webhook list', () => {
  it('lists endpoints without their queries, and the messages that each has not taken', async () => {
    await filled(message(), message({ id: 'msg_2', url: 'https://once.example/back?token=hidden' }))
    const { code, lines, stdout } = await webhook(['list', '--json'])
    expect(code).toBe(EXIT.ok)
    expect(lines.map(line => JSON.parse(line))).toEqual([
      {
        ...{ organization: 'acme', endpoint: receiver.url('/hook'), undelivered: 1 },
        ...{ events: WEBHOOK_EVENTS, reason: 'status 500' },
      },
      {
        ...{ organization: 'acme', endpoint: 'https://once.example/back', undelivered: 1 },
        ...{ events: ['callback'], reason: 'status 500' },
      },
    ])
    expect(stdout).not.toContain('hidden')
    expect((await webhook(['list'])).stdout).toContain('https://once.example/back')
  })

  it('requires WEBHOOKS_FILE', async () => {
    await filled()
    const { code, stderr } = await webhook(['list'], {})
    expect(code).toBe(EXIT.configuration)
    expect(stderr).toContain('WEBHOOKS_FILE is not set')
  })
})

describe('caudal webhook test', () => {
  it('calls each endpoint of the organisation once, signed, and prints the status', async () => {
    const { code, stdout } = await webhook(['test', '--organisation', 'acme'])
    expect(code).toBe(EXIT.ok)
    expect(stdout).toMatch(/\/hook: taken with status 204 in \d+ ms/)
    expect(stdout).not.toContain('hidden')
    const [received, ...others] = receiver.received
    expect(others).toEqual([])
    expect(received && isSignedWith(SECRET, received)).toBe(true)
    expect(JSON.parse(String(received?.body))).toMatchObject({ type: 'webhook.test' })
  })

  it('prints the reason of an endpoint that refuses the call, and ends with its own exit code', async () => {
    receiver.answer = status(410)
    const { code, lines } = await webhook(['test', receiver.url('/x'), '--organisation', 'acme', '--json'])
    expect(code).toBe(EXIT.someFailed)
    expect(lines.map(line => JSON.parse(line))).toEqual([
      { endpoint: receiver.url('/x'), reason: 'status 410' },
    ])
    const inside = await webhook(['test', '--organisation', 'acme'], {
      WEBHOOKS_FILE: settings().WEBHOOKS_FILE,
    })
    expect(inside.stdout).toContain('an address inside')
  })

  it.each([
    [['test'], 'no secret of nobody'],
    [['test', '--organisation', 'globex'], 'no secret of globex'],
    [['test', 'acme.example', '--organisation', 'acme'], 'the URL is no address of HTTP'],
  ])('refuses %j', async (words, reason) => {
    const { code, stderr } = await webhook(words)
    expect(code).not.toBe(EXIT.ok)
    expect(stderr).toContain(reason)
    expect(receiver.received).toEqual([])
  })
})

describe('caudal webhook replay', () => {
  const sent = async () => {
    const found: LogRecord[] = []
    await withLog(folder, log => readAll(log, TOPICS.webhooks, each => void found.push(each)))
    return found
  }

  it('sends a message again once, under its identity and with all attempts', async () => {
    await filled(message(), message({ id: 'msg_2', task_id: 'q2' }))
    expect((await webhook(['replay', 'q1'])).stdout).toBe('1 webhook sent again\n')
    const [record, ...others] = await sent()
    expect(others).toEqual([])
    expect(String(record?.key)).toBe('msg_1')
    expect(String(record?.headers[HEADER.id])).toBe('dead-0')
    expect((await webhook(['replay', 'msg_1'])).code).toBe(EXIT.notFound)
    expect(JSON.parse((await webhook(['replay', '--all', '--json'])).stdout)).toEqual({ replayed: 1 })
    expect(await sent()).toHaveLength(2)
    expect((await webhook(['list', '--json'])).lines.map(line => JSON.parse(line).undelivered)).toEqual([0])
  })

  it('is written down with its reason', async () => {
    await filled(message())
    await webhook(['replay', '--all', '--reason', 'their server is back'])
    expect(await withLog(folder, auditIn)).toMatchObject([
      { action: 'failures_replayed', target: 'webhooks', why: 'their server is back', details: { count: 1 } },
    ])
  })

  it('requires ids or --all', async () => {
    await filled()
    expect((await webhook(['replay'])).stderr).toContain('name the ids, or give --all')
  })
})
