/** What the console does where the gateway goes silent, refuses a stream, or has another time. */
import { describe, expect, it, vi } from 'vitest'
import { ask, type Link, Refusal, readOnce, stream } from '#console/api.ts'
import { learnTime, now } from '#console/clock.ts'
import { passed, playTime, standIn } from './gateway-stand-in.ts'

playTime()

function followed(silenceMs?: number) {
  const links: [Link, string | undefined][] = []
  const kinds: string[] = []
  const end = stream('/flow', {
    onEvent: kind => kinds.push(kind),
    onLink: (link, refusal) => links.push([link, refusal?.code]),
    ...(silenceMs !== undefined && { silenceMs }),
  })
  return { links, kinds, end }
}

describe('a connection that says nothing', () => {
  it('is given up by a question after half a minute', async () => {
    standIn(() => 'silent')
    const answer = ask('/tasks')
    await passed(30_000)
    expect(await answer).toMatchObject({ code: 'unreachable' })
  })

  it.each([
    ['by default after two heartbeats', undefined, 35_000],
    ['as early as its reader says', 5_000, 5_000],
  ])('is made again by a stream %s, behind its last event', async (_, given, silenceMs) => {
    const asked = standIn(() => 'stream')
    const { links, end } = followed(given)
    await passed(0)
    asked[0]?.send('flow', {}, 'flow-1')
    await passed(silenceMs - 1)
    expect([asked.length, links.at(-1)]).toEqual([1, ['live', undefined]])
    await passed(1)
    expect(links.at(-1)).toEqual(['lost', undefined])
    await passed(1_000)
    expect([asked[1]?.headers, links.at(-1)]).toEqual([{ 'last-event-id': 'flow-1' }, ['live', undefined]])
    end()
  })

  it('is live while comments come', async () => {
    const asked = standIn(() => 'stream')
    const { links, end } = followed()
    for (let beat = 0; beat < 5; beat++) {
      await passed(15_000)
      asked[0]?.comment()
    }
    expect([asked.length, links.at(-1)]).toEqual([1, ['live', undefined]])
    end()
  })

  it('ends what is read once', async () => {
    standIn(() => 'stream')
    const answer = readOnce('/topics/a/records', () => undefined, new AbortController().signal)
    await passed(35_000)
    expect(await answer).toBeInstanceOf(Refusal)
  })
})

it('a stream that the gateway refuses says why, and is asked for again', async () => {
  const refusal = { status: 503, code: 'too_many_streams', title: 'Too many look at once.' }
  const asked = standIn((_, at) => (at === 0 ? refusal : 'stream'))
  const { links, end } = followed()
  await passed(0)
  expect(links.at(-1)).toEqual(['lost', 'too_many_streams'])
  await passed(1_000)
  expect([asked.length, links.at(-1)]).toEqual([2, ['live', undefined]])
  end()
})

it('a stream is over at the outcome at its end, and not at a failure in its middle', async () => {
  const asked = standIn(() => 'stream')
  const onOver = vi.fn()
  stream('/task/a/events', { onEvent: () => undefined, onOver })
  await passed(0)
  asked[0]?.send('failed', {}, 'a')
  asked[0]?.send('accepted', {}, 'b')
  asked[0]?.end()
  await passed(1_000)
  expect([asked.length, onOver.mock.calls.length]).toEqual([2, 0])
  asked[1]?.send('failed', {}, 'c')
  asked[1]?.end()
  await passed(60_000)
  expect([asked.length, onOver.mock.calls.length]).toEqual([2, 1])
})

it.each([-3_600_000, 3_600_000])(
  'a clock that is %d ms off is counted from that of the gateway',
  async off => {
    const gatewayTime = Date.parse('2026-01-01T12:00:00Z')
    vi.setSystemTime(gatewayTime + off)
    standIn(() => ({ date: new Date(gatewayTime).toUTCString() }))
    await ask('/whoami')
    expect(Math.abs(now.peek() - gatewayTime)).toBeLessThan(1_000)
    for (const nothing of [null, 'yesterday']) learnTime(nothing)
    expect(Math.abs(now.peek() - gatewayTime)).toBeLessThan(1_000)
  },
)
