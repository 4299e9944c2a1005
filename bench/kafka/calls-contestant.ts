/** One contestant of the calls in a process of its own: `engine`, exactly once, or `by-hand`, at least once. */
import { Agent } from 'undici'
import { codec } from '#core/codec.ts'
import { operator } from '#core/operator.ts'
import { realSystem } from '#core/system.ts'
import { run } from '#engine/client/run.ts'
import { openKafkaLog } from '#engine/log/kafka/kafka-log.ts'
import { topology } from '#topology/index.ts'
import { callByHand } from './hand-written-calls.ts'
import { PARTITIONS } from './workloads.ts'

const [who = '', broker = '', url = '', totalText = '0', inFlightText = '0', input = '', output = ''] =
  process.argv.slice(2)
const total = Number(totalText)
const inFlightMax = Number(inFlightText)
const agent = new Agent({ connections: inFlightMax, pipelining: 1, keepAliveTimeout: 120_000 })

const marks: { at: number; done: number; cpu: NodeJS.CpuUsage }[] = []
const mark = (done: number) => marks.push({ at: performance.now(), done, cpu: process.cpuUsage() })

async function call(body: string): Promise<string> {
  const { body: answer } = await agent.request({ origin: url, path: '/', method: 'POST', body })
  return answer.text()
}

async function callByEngine(): Promise<void> {
  const TextJson = codec.json<string>('text')
  const ask = operator({
    name: 'ask',
    input: TextJson,
    outputs: { answered: TextJson },
    steps: { answer: TextJson },
    limits: { inFlightMax, timeout: 60_000 },
    async process({ value }, ctx) {
      ctx.emit('answered', await ctx.step('answer', () => call(value)))
    },
  })
  const t = topology(`bench-${output.replaceAll('.', '-')}`)
  const questions = t.source(input, { value: TextJson, partitions: PARTITIONS })
  questions.process('ask', ask).to(t.topic(output, { value: TextJson, partitions: PARTITIONS }))
  const log = await openKafkaLog({ brokers: [broker], clientId: 'bench', system: realSystem })
  const running = await run(t.build(), { log, sourcesFrom: 'start' })
  const done = () => running.metrics.stages.get('ask')?.recordsOut ?? 0
  while (done() < total) {
    mark(done())
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  await running.stop()
  await log.close()
}

if (who === 'engine') await callByEngine()
else await callByHand({ broker, input, output, total, inFlightMax, call, mark })
const from = marks.find(({ done }) => done > total * 0.15)
const to = marks.findLast(({ done }) => done < total * 0.85)
if (from && to) {
  const calls = to.done - from.done
  const cpuMs = (to.cpu.user + to.cpu.system - from.cpu.user - from.cpu.system) / 1_000
  console.log(
    JSON.stringify({ callsPerSecond: (calls / (to.at - from.at)) * 1_000, cpuMsPerCall: cpuMs / calls }),
  )
}
await agent.close()
