/** Commands that serve until they are stopped, run in this process. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { EXIT } from '#cli/command/command.ts'
import { main } from '#cli/main.ts'
import { dataFolder, withLog } from './data-folder.ts'
import { surroundings } from './surroundings.ts'

describe('caudal start on a terminal', () => {
  it('draws its stages in place, then answers typed questions until it is stopped', async () => {
    const folder = dataFolder()
    const input = join(folder, 'one.ndjson')
    writeFileSync(input, '{"title": "What is a fuse for?", "best_answer": "It cuts the current."}\n')
    const { world, stdout, keyboard, stop } = surroundings({ environment: { DATA_DIR: folder }, isTTY: true })
    const ended = main(['start', '--input', input], world)
    await stdout.until(/Type a question/)
    expect(stdout.text).toMatch(/generate +\d+ +\d+ +\d+ +\d+ +\d+/)
    expect(stdout.text).toContain('\x1b[J')
    expect(stdout.text).toMatch(/qa +What is a fuse for\? +It cuts/)
    const before = stdout.text.length
    keyboard.write('What is a checkpoint in stream processing?\n')
    await stdout.until(/attempts \d/)
    expect(stdout.text.slice(before)).toMatch(/score \d+\.\d, attempts \d/)
    keyboard.write('help\n')
    await stdout.until(/A line is a question/)
    keyboard.write(
      '{"id": "typed", "task_type": "qa", "title": "What is a valve for?", "best_answer": "It stops."}\n',
    )
    await stdout.until(/It stops\.\n +score/)
    keyboard.write('{"id": "wrong", "title": 7}\n')
    await stdout.until(/No answer: .*title/)
    stop()
    expect(await ended).toBe(EXIT.ok)
  })
})

describe('caudal start', () => {
  it('ends with its own exit code when it is stopped before the end of --exit', async () => {
    const { world, stdout, stop } = surroundings({ environment: { DATA_DIR: dataFolder() } })
    const ended = main(['start', '--exit'], world)
    await stdout.until(/Fed:/)
    stop()
    expect(await ended).toBe(EXIT.interrupted)
  })

  it('refuses --fresh for a log on other brokers', async () => {
    const { world, stderr } = surroundings({ environment: { KAFKA_BROKERS: 'localhost:9' } })
    expect(await main(['start', '--fresh'], world)).toBe(EXIT.configuration)
    expect(stderr.text).toContain('--fresh empties DATA_DIR')
  })

  it.each([
    ['a file of webhooks that is not there', { WEBHOOKS_FILE: '/missing.json' }, EXIT.configuration],
    ['prices that are not there', { LLM_PRICES: '/missing.json' }, EXIT.configuration],
    ['an input without events', {}, EXIT.usage],
  ])('finds %s before it empties DATA_DIR', async (_, environment, code) => {
    const folder = dataFolder()
    const input = join(folder, 'empty.ndjson')
    writeFileSync(input, '\n')
    await withLog(folder, () => Promise.resolve())
    const kept = join(folder, 'purchases')
    writeFileSync(kept, '')
    const { world } = surroundings({ environment: { DATA_DIR: folder, ...environment } })
    const words = code === EXIT.usage ? ['--input', input] : []
    expect(await main(['start', '--exit', '--fresh', ...words], world)).toBe(code)
    expect(existsSync(kept)).toBe(true)
  })
})

describe('caudal run', () => {
  it('runs a pod until it is stopped, and logs JSON to the standard error', async () => {
    const { world, stderr, stop } = surroundings({
      environment: { DATA_DIR: dataFolder(), POD_NAME: 'one', PORT: '0' },
    })
    const ended = main(['run'], world)
    await stderr.until(/the pod runs/)
    stop()
    expect(await ended).toBe(EXIT.ok)
    const lines = stderr.text
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(lines[0]).toMatchObject({ message: 'live and ready are served', url: expect.any(String) })
    expect(lines[1]).toMatchObject({ level: 'info', application: 'answers', pod: 'one' })
    expect(lines.at(-1)).toMatchObject({ message: 'the pod is stopping' })
  })
})

describe('caudal model-server', () => {
  it('serves completions with the requested faults, and prints what it sold', async () => {
    const { world, stdout, stop } = surroundings()
    const ended = main(['model-server', '--port', '0', '--sigma', '0', '--latency', '0'], world)
    await stdout.until(/LLM_MODEL/)
    const url = /OPENAI_BASE_URL=(\S+)/.exec(stdout.text)?.[1]
    const body = JSON.stringify({ model: 'simulated', messages: [{ role: 'user', content: 'Hello?' }] })
    const reply = await fetch(`${url}/chat/completions`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    })
    expect(reply.status).toBe(200)
    await reply.text()
    stop()
    expect(await ended).toBe(EXIT.ok)
    expect(JSON.parse(stdout.text.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({
      calls: 1,
      successes: 1,
      bought_twice: 0,
      in_flight: 0,
    })
  })

  it('ends with one sentence where its port is taken', async () => {
    const { world, stdout, stop } = surroundings()
    const first = main(['model-server', '--port', '0'], world)
    await stdout.until(/LLM_MODEL/)
    const port = /OPENAI_BASE_URL=http:..[^:]+:(\d+)/.exec(stdout.text)?.[1] ?? ''
    const second = surroundings()
    expect(await main(['model-server', '--port', port], second.world)).toBe(EXIT.configuration)
    expect(second.stderr.text).toMatch(new RegExp(`PORT ${port}: nothing can be served there`))
    expect(second.stderr.text).not.toContain('    at ')
    stop()
    await first
  })

  it('names every option that is no valid number', async () => {
    const { world, stderr } = surroundings()
    expect(await main(['model-server', '--failing', '2', '--latency', 'fast'], world)).toBe(EXIT.usage)
    expect(stderr.text).toContain('--latency must be a number from 0 to 3600000, not "fast"')
    expect(stderr.text).toContain('--failing must be a number from 0 to 1, not "2"')
  })
})
