/** Pods of two versions of a graph side by side: each runs what it knows, and nothing is lost or bought twice on the way. */
import { describe, expect, it } from 'vitest'
import { operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import { reply, scripted, type TestKit, testTopology } from '#testing/index.ts'
import { type Topology, topology } from '#topology/index.ts'
import { numbers, recordsOf } from './graph.ts'

const PARTITIONS = 6

interface Version {
  /** What the calls are made by, shared by all versions. */
  readonly ask: ReturnType<typeof asking>['ask']
  /** A stage more, between the answers and `out`. */
  readonly more?: typeof keeping | undefined
  /** One more source of the first stage. */
  readonly wide?: boolean
}

function version({ ask, more, wide }: Version): Topology {
  const t = topology('app')
  const read = { value: numbers, partitions: PARTITIONS, partitionedByKey: true } as const
  const written = { value: numbers, partitions: PARTITIONS } as const
  const source = t.source('in', read)
  const asked = t.process('ask', ask, { in: wide ? [source, t.source('beside', read)] : source })
  const out = t.topic('out', written)
  if (!more) {
    asked.to(out)
    return t.build()
  }
  const answers = t.topic('answers', written)
  asked.to(answers)
  answers.process(more.name, more).to(out)
  return t.build()
}

function asking() {
  const call = scripted<number, number>(request => reply(request, '2s'))
  const ask = operator({
    name: 'ask',
    input: numbers,
    outputs: { out: numbers },
    steps: { call: numbers },
    limits: { timeout: 20_000 },
    async process(record, ctx) {
      ctx.emit('out', await ctx.step('call', each => call(record.value, each)))
    },
  })
  return { call, ask }
}

const keeping = operator({
  name: 'keep',
  input: numbers,
  outputs: { out: numbers },
  state: { seen: state.value(numbers) },
  process(record, ctx) {
    ctx.state.seen.set((ctx.state.seen.get() ?? 0) + 1)
    ctx.emit('out', record.value)
  },
})

const sorted = (values: readonly unknown[]) => values.map(Number).sort((a, b) => a - b)
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)
const troubles = (kit: TestKit) => kit.logs.filter(({ level }) => level === 'error')

describe('a version with a stage more', () => {
  it('a version with a stage more is rolled forth and back over three pods under load: no pod ends, nothing is lost or bought twice', async () => {
    const { call, ask } = asking()
    const [plain, longer] = [version({ ask }), version({ ask, more: keeping })]
    await using kit = await testTopology(plain, { pods: 3 })
    let sent = 0
    const load = async (seconds: number) => {
      for (let second = 0; second < seconds; second++) {
        await kit.send('in', ...recordsOf(sent + 1, sent + 20))
        sent += 20
        await kit.advance('1s')
      }
    }
    await load(5)
    for (const next of [longer, plain, longer]) {
      for (const pod of kit.pods) {
        const stopping = pod.stop()
        await kit.wait(stopping)
        await load(2)
        await pod.start(next)
        await load(8)
      }
    }
    await kit.settle({ within: '60s' })
    expect(sorted(kit.read('out'))).toEqual(upTo(sent))
    expect(sorted(call.calls.map(({ request }) => request))).toEqual(upTo(sent))
    expect(kit.pods.map(({ status }) => status)).toEqual(['running', 'running', 'running'])
    expect(troubles(kit)).toEqual([])
  })

  it('a version with a stage more has its stage run by the pods that have it alone, whichever of them leads', async () => {
    const { ask } = asking()
    const [plain, longer] = [version({ ask }), version({ ask, more: keeping })]
    for (const old of [0, 1]) {
      await using kit = await testTopology(plain, { pods: 2 })
      await kit.stop()
      const [first, second] = old === 0 ? [plain, longer] : [longer, plain]
      await kit.pods[0]?.start(first)
      await kit.pods[1]?.start(second)
      await kit.send('in', ...recordsOf(1, 60))
      await kit.advance('30s')
      const run = kit.pods.map(({ tasks }) => tasks.filter(task => task.startsWith('keep/')).length)
      expect(run).toEqual(old === 0 ? [0, PARTITIONS] : [PARTITIONS, 0])
      expect(kit.pods.map(({ tasks }) => tasks.filter(task => task.startsWith('ask/')).length)).toEqual([
        3, 3,
      ])
      expect(sorted(kit.read('out'))).toEqual(upTo(60))
    }
  })
})

describe('a stage that reads a source more', () => {
  it('a stage that reads a source more keeps the position of that source while pods run that do not read it', async () => {
    const { call, ask } = asking()
    const [narrow, wide] = [version({ ask }), version({ ask, wide: true })]
    await using kit = await testTopology(wide)
    await kit.send('beside', ...recordsOf(1, 20))
    await kit.settle()
    await kit.stop()
    await kit.restart(narrow)
    await kit.send('in', ...recordsOf(21, 40))
    await kit.settle()
    await kit.stop()
    await kit.restart(wide)
    await kit.send('beside', ...recordsOf(41, 50))
    await kit.settle()
    expect(sorted(kit.read('out'))).toEqual(upTo(50))
    expect(call.calls).toHaveLength(50)
  })

  it('a stage that reads a source more is run by the pods that read it, so that nothing lies unread', async () => {
    const { ask } = asking()
    await using kit = await testTopology(version({ ask, wide: true }), { pods: 3 })
    for (const pod of kit.pods.slice(0, 2)) {
      await pod.stop()
      await pod.start(version({ ask }))
    }
    await kit.send('in', ...recordsOf(1, 20))
    await kit.send('beside', ...recordsOf(21, 40))
    await kit.advance('30s')
    expect(sorted(kit.read('out'))).toEqual(upTo(40))
    expect(kit.pods.map(({ tasks }) => tasks.length)).toEqual([0, 0, PARTITIONS])
  })
})

describe('a stage that stores more', () => {
  const counting = operator({
    name: 'keep',
    input: numbers,
    outputs: { out: numbers },
    state: { seen: state.value(numbers), last: state.value(numbers) },
    process(record, ctx) {
      ctx.state.seen.set((ctx.state.seen.get() ?? 0) + 1)
      ctx.state.last.set(record.value)
      ctx.emit('out', record.value)
    },
  })
  const graph = (more: typeof keeping) => version({ ask: asking().ask, more })

  it('is run by the pods of one version at a time, and goes over when most of them have the next', async () => {
    await using kit = await testTopology(graph(keeping), { pods: 3 })
    const runs = () => kit.pods.map(({ tasks }) => tasks.filter(task => task.startsWith('keep/')).length)
    const seen: number[][] = []
    for (const pod of kit.pods) {
      await pod.stop()
      await pod.start(graph(counting))
      await kit.send('in', ...recordsOf(1, 60))
      await kit.advance('30s')
      seen.push(runs())
    }
    expect(seen).toEqual([
      [0, 3, 3],
      [3, 3, 0],
      [2, 2, 2],
    ])
    expect(sorted(kit.read('out'))).toEqual(sorted([...upTo(60), ...upTo(60), ...upTo(60)]))
    expect(troubles(kit)).toEqual([])
  })
})

describe('a pod that is given a stage that it does not know, as leaders of earlier versions of the engine do', () => {
  it('leaves it alone, says so once, and runs the rest', async () => {
    await using kit = await testTopology(version({ ask: asking().ask }))
    await kit.stop()
    const stages = ['ask', 'gone']
    const tasks = stages.flatMap(stage => upTo(PARTITIONS).map(nth => ({ stage, partition: nth - 1 })))
    const leader = kit.log.joinGroup({
      group: 'app',
      member: 'leader',
      sessionTimeoutMs: 10_000,
      memberData: () => '',
      assign: members =>
        new Map(members.filter(each => each.member !== 'leader').map(each => [each.member, tasks])),
      listener: { joined() {}, lost() {} },
    })
    await kit.advance('1s')
    await kit.restart()
    await kit.send('in', ...recordsOf(1, 20))
    await kit.advance('20s')
    leader.rejoin()
    await kit.advance('20s')
    expect(sorted(kit.read('out'))).toEqual(upTo(20))
    expect(kit.pods[0]?.status).toBe('running')
    const told = kit.logs.filter(({ message }) =>
      message.startsWith('a stage of another version was assigned'),
    )
    expect(told).toMatchObject([{ level: 'warn', fields: { stage: 'gone' } }])
    await kit.wait(leader.leave())
  })
})
