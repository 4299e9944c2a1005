/** Sessions through timers: clicks of a key belong together until none has come for a while. */
import { codec } from '#core/codec.ts'
import { operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import { topology } from '#topology/builder.ts'
import { exactlyOnce, idsIn, podsHeld } from '../checks/outcomes.ts'
import type { Evidence } from '../evidence.ts'
import { drawInputs } from '../inputs.ts'
import { type Scenario, STANDARD_SHAPE } from '../scenario.ts'

const GAP_MS = 1_500

interface Click {
  readonly id: string
}
interface Session {
  /** Counts the sessions of the key. */
  readonly number: number
  readonly clicks: readonly string[]
}
interface Closed extends Session {
  readonly due: number
  readonly closedAt: number
}

const click = codec.json<Click>('click')
const session = codec.json<Session>('session')
const closed = codec.json<Closed>('closed')

const sessionize = operator({
  name: 'sessionize',
  input: click,
  outputs: { closed },
  state: { session: state.value(session), number: state.value(codec.json<number>('number')) },
  timers: ['idle'],
  process(record, ctx) {
    const { id } = record.value
    const open = ctx.state.session.get() ?? { number: (ctx.state.number.get() ?? 0) + 1, clicks: [] }
    ctx.state.number.set(open.number)
    ctx.state.session.set({ ...open, clicks: [...open.clicks, id] })
    ctx.timers.set('idle', ctx.now + GAP_MS)
  },
  onTimer({ due }, ctx) {
    const open = ctx.state.session.get() ?? { number: -1, clicks: [] }
    ctx.state.session.delete()
    ctx.emit('closed', { ...open, due, closedAt: ctx.now })
  },
})

export const sessions: Scenario = {
  name: 'sessions',
  clocksAgree: true,
  shape: STANDARD_SHAPE,
  graph() {
    const { partitions } = STANDARD_SHAPE
    const graph = topology('sessions')
    const clicks = graph.source('clicks', { value: click, partitions, partitionedByKey: true })
    const ended = graph.topic('ended', { value: closed, partitions })
    clicks.process('sessionize', sessionize).to(ended)
    return graph.build()
  },
  inputs: (random, shape) =>
    drawInputs(random, shape, {
      topic: 'clicks',
      codec: click,
      keys: 20,
      value: index => ({ id: `c${index}` }),
    }),
  isComplete: evidence => clicksOut(evidence).length >= evidence.count('clicks'),
  checks: [podsHeld, exactlyOnce(idsIn('clicks'), clicksOut), firedOnce, nothingOpen],
}

function clicksOut(evidence: Evidence): readonly string[] {
  return evidence.read('ended', closed).flatMap(({ value: { clicks } }) => clicks)
}

/** Each session is closed by one firing, in turn, and never before it was due. */
function firedOnce(evidence: Evidence): string[] {
  const byKey = Map.groupBy(evidence.read('ended', closed), ({ key }) => key)
  return [...byKey].flatMap(([key, ended]) =>
    ended.flatMap(({ value: { number, due, closedAt, clicks } }, index) => {
      const complaints: string[] = []
      if (number !== index + 1)
        complaints.push(`session ${number} of ${key} was closed as number ${index + 1}`)
      if (closedAt < due) complaints.push(`a timer of ${key} fired ${due - closedAt} ms early`)
      if (clicks.length === 0) complaints.push(`a timer of ${key} fired for nothing`)
      return complaints
    }),
  )
}

function nothingOpen(evidence: Evidence): string[] {
  const open = evidence.values('sessionize', 'sessionize', 'session', session)
  const timers = evidence.state('sessionize').filter(({ entry }) => entry.kind === 'timer')
  return open.size + timers.length === 0 ? [] : [`${open.size} sessions and ${timers.length} timers are left`]
}
