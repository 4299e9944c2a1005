/**
 * Sessions: clicks of a user belong together until the user is quiet for a while. Run it: node examples/sessions.ts
 *
 * How to read it:
 * 1. `track` keeps the open session of each user in its state, and moves one timer per user with every click.
 * 2. When the timer fires, the session is over: it is emitted, and its state deleted, in one transaction. So a session
 *    is closed exactly once, also when the process dies in between; timers are state, and survive as state does.
 * 3. Nothing polls and nothing sleeps inside the operator; a million users are a million entries on disk.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { codec, operator, run, state, topology } from 'caudal'
import { openEmbeddedLog } from 'caudal/embedded'

const QUIET_MS = 500

interface Session {
  readonly pages: readonly string[]
  readonly startedAt: number
  readonly endedAt: number
}
const Session = codec.json<Session>('Session')

const track = operator({
  name: 'track',
  input: codec.text,
  outputs: { closed: Session },
  state: { open: state.value(Session) },
  timers: ['quiet'],
  process(record, ctx) {
    const open = ctx.state.open.get() ?? { pages: [], startedAt: record.timestamp }
    ctx.state.open.set({ ...open, pages: [...open.pages, record.value], endedAt: record.timestamp })
    ctx.timers.set('quiet', ctx.now + QUIET_MS) // Setting it again moves it.
  },
  onTimer(_timer, ctx) {
    const session = ctx.state.open.get()
    if (session) ctx.emit('closed', session)
    ctx.state.open.delete()
  },
})

const graph = topology('sessions')
// The writers of the clicks key them by user as Kafka's own clients do; `send` does too.
const clicks = graph.source('clicks', { value: codec.text, partitionedByKey: true })
const sessions = graph.topic('sessions', { value: Session })
clicks.process('track', track).to(sessions)

const path = mkdtempSync(join(tmpdir(), 'caudal-'))
const log = await openEmbeddedLog({ path })
const app = await run(graph.build(), { log })
await app.send(clicks, { key: 'ada', value: '/' }, { key: 'ben', value: '/prices' })
await app.send(clicks, { key: 'ada', value: '/docs' })

let seen = 0
for await (const { key, value: session } of app.follow(sessions)) {
  console.log(`${key}: ${session?.pages.join(' -> ')}`)
  // Both were quiet long enough; ada comes back.
  if (++seen === 2) await app.send(clicks, { key: 'ada', value: '/start' })
  if (seen === 3) break
}
await app.stop()
await log.close()
rmSync(path, { recursive: true })
