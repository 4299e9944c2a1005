/** A pod of the durability bench: one HTTP call per record in a step. It reports how long each answer was not durable. */
import { once } from 'node:events'
import { Agent } from 'undici'
import { codec } from '#core/codec.ts'
import { subscribe } from '#core/diagnostics.ts'
import { operator } from '#core/operator.ts'
import { realSystem } from '#core/system.ts'
import { run } from '#engine/client/run.ts'
import { openKafkaLog } from '#engine/log/kafka/kafka-log.ts'
import { topology } from '#topology/index.ts'
import { PARTITIONS } from './workloads.ts'

const [application = '', broker = '', url = '', inFlightText = ''] = process.argv.slice(2)
const inFlightMax = Number(inFlightText)
const agent = new Agent({ connections: inFlightMax, pipelining: 1, keepAliveTimeout: 120_000 })

/** Arrival times of the answers that no commit holds yet, the earliest first. */
let waiting: number[] = []
const delays: number[] = []
let isMeasuring = false

/** A commit holds the answers that had arrived when it began. The message comes in the step that learns of its end. */
subscribe('caudal:commit', ({ durationMs }) => {
  const now = performance.now()
  const began = now - durationMs
  const first = waiting.findIndex(at => at >= began)
  const held = first < 0 ? waiting.length : first
  if (isMeasuring) for (const at of waiting.slice(0, held)) delays.push(now - at)
  waiting = waiting.slice(held)
})

const TextJson = codec.json<string>('text')
const AnswerJson = codec.json<{ readonly question: string; readonly text: string }>('answer')
const ask = operator({
  name: 'ask',
  input: TextJson,
  outputs: { answered: AnswerJson },
  steps: { answer: TextJson },
  limits: { inFlightMax, timeout: 60_000 },
  async process({ value: question }, ctx) {
    const text = await ctx.step('answer', async () => {
      const { body } = await agent.request({
        origin: url,
        path: `/${question}`,
        method: 'POST',
        body: question,
      })
      const answer = await body.text()
      waiting.push(performance.now())
      return answer
    })
    ctx.emit('answered', { question, text })
  },
})

const t = topology(application)
const questions = t.source(`${application}.in`, { value: TextJson, partitions: PARTITIONS })
questions.process('ask', ask).to(t.topic(`${application}.out`, { value: AnswerJson, partitions: PARTITIONS }))
const log = await openKafkaLog({ brokers: [broker], clientId: 'bench', system: realSystem })
const running = await run(t.build(), { log, name: 'pod' })
process.on('message', message => {
  isMeasuring = message === 'measure'
  if (!isMeasuring) process.send?.(delays)
})
await once(process, 'SIGTERM')
await running.stop()
await log.close()
await agent.close()
process.disconnect?.()
