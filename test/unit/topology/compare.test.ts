/** Comparing versions: what each change of a graph means for what the earlier version left behind. */
import { describe, expect, it } from 'vitest'
import { codec } from '#core/codec.ts'
import { type Operator, operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import { compare, plan, summarize, type TopologySummary, topology } from '#topology/index.ts'
import { check, type Order, OrderCodec, shop } from './graphs.ts'

const NewOrder = codec.json<Order>('NewOrder')

interface Version {
  readonly application?: string
  readonly name?: string
  readonly state?: Operator['state']
  readonly timers?: readonly string[]
  readonly steps?: Operator['steps']
  readonly partitions?: number
  /** Puts a stateless operator in front, in the same stage. */
  readonly front?: boolean
  readonly stage?: string
  readonly drop?: string
  readonly rename?: readonly [string, string]
}

/** One stateful operator, `count` unless named otherwise, in one stage between two topics. */
function version(version: Version = {}): TopologySummary {
  const { application = 'app', name = 'count', partitions = 8, rename, drop, stage } = version
  const counting = operator({ name, input: OrderCodec, outputs: { counted: OrderCodec }, process() {} })
  const { state: kept = { total: state.value(codec.text) }, timers = ['flush'], steps = {} } = version
  const p = topology(application)
  const orders = p.topic('orders', { value: OrderCodec, partitions })
  const counted = p.topic('counted', { value: OrderCodec })
  const stream = version.front ? orders.filter('front', () => true) : orders
  const placed: typeof counting = { ...counting, state: kept, timers, steps }
  stream.process(placed.name, placed, stage === undefined ? {} : { stage }).to(counted)
  if (drop) p.dropState(drop)
  if (rename) p.renameState(...rename)
  return summarize(plan(p.build()))
}

/** `verdict: what` of each change. */
function changes(before: TopologySummary, after: TopologySummary, drained: readonly string[] = []) {
  return compare(before, after, new Set(drained)).map(change => `${change.verdict}: ${change.what}`)
}

describe('a summary', () => {
  it('a summary survives JSON, so that it can be stored beside a release', () => {
    const summary = summarize(plan(shop()))
    expect(JSON.parse(JSON.stringify(summary))).toEqual(summary)
  })

  it('compared with itself shows nothing', () => {
    const summary = summarize(plan(shop()))
    expect(compare(summary, summary)).toEqual([])
  })
})

it('another application name is another application', () => {
  expect(changes(version(), version({ application: 'other' }))).toEqual([
    'refused: application app became other',
  ])
})

describe('state', () => {
  it('state may be added', () => {
    const after = version({ state: { total: state.value(codec.text), more: state.map(codec.text) } })
    expect(changes(version(), after)).toEqual([])
  })

  it('state that is gone must be dropped', () => {
    expect(compare(version(), version({ state: {} }))).toEqual([
      {
        what: 'value of text count.total has no owner any more',
        verdict: 'needsDrop',
        remedy: "declare dropState('count.total'), or keep the state",
      },
    ])
    expect(changes(version(), version({ state: {}, drop: 'count.total' }))).toEqual([
      'safe: value of text count.total is dropped',
    ])
  })

  it('state whose like appears under another name must be renamed', () => {
    const renamed = { sum: state.value(codec.text) }
    expect(compare(version(), version({ state: renamed }))).toEqual([
      {
        what: 'value of text count.total has no owner any more',
        verdict: 'needsRename',
        remedy: "declare renameState('count.total', 'count.sum'), or dropState('count.total')",
      },
    ])
    expect(changes(version(), version({ state: renamed, rename: ['count.total', 'count.sum'] }))).toEqual([
      'safe: value of text count.total is renamed to count.sum',
    ])
  })

  it('state of another kind or type is another state', () => {
    expect(changes(version(), version({ state: { total: state.map(codec.text) } }))).toEqual([
      'needsDrop: count.total is map of text instead of value of text',
    ])
    expect(changes(version(), version({ state: { total: state.value(OrderCodec) } }))).toEqual([
      'needsDrop: count.total is value of Order instead of value of text',
    ])
  })

  it('state cannot be renamed into what cannot read it', () => {
    const after = version({ state: { sum: state.value(OrderCodec) }, rename: ['count.total', 'count.sum'] })
    expect(changes(version(), after)).toEqual([
      'refused: count.total is value of text, but is to become count.sum, which is value of Order',
    ])
  })

  it('state is not offered a name that another state takes already', () => {
    const before = version({ state: { total: state.value(codec.text), rest: state.value(codec.text) } })
    const renamed = { sum: state.value(codec.text) }
    expect(changes(before, version({ state: renamed, rename: ['count.total', 'count.sum'] }))).toEqual([
      'safe: value of text count.total is renamed to count.sum',
      'needsDrop: value of text count.rest has no owner any more',
    ])
    const kept = version({ state: { total: state.value(codec.text) } })
    expect(changes(before, kept)).toEqual(['needsDrop: value of text count.rest has no owner any more'])
  })

  it('state may live for another time', () => {
    expect(changes(version(), version({ state: { total: state.value(codec.text, { ttl: 5 }) } }))).toEqual([])
  })
})

describe('timers', () => {
  it('timers that are gone must be dropped or renamed', () => {
    expect(changes(version(), version({ timers: [] }))).toEqual([
      'needsDrop: timer count.flush has no owner any more',
    ])
    expect(changes(version(), version({ timers: ['end'] }))).toEqual([
      'needsRename: timer count.flush has no owner any more',
    ])
  })
})

it('the state of a stage that is gone as a whole stays, for a version that has the stage', () => {
  const sink = operator({ name: 'sink', input: OrderCodec, process() {} })
  const count = operator({
    name: 'count',
    input: OrderCodec,
    state: { total: state.value(codec.text) },
    process() {},
  })
  const beside = (isThere: boolean) => {
    const p = topology('app')
    const orders = p.source('orders', { value: OrderCodec, partitionedByKey: true })
    orders.process(sink.name, sink)
    if (isThere) orders.process('count', count)
    return summarize(plan(p.build()))
  }
  expect(compare(beside(true), beside(false))).toContainEqual({
    what: 'value of text count.total stays behind with stage count',
    verdict: 'safe',
    remedy: 'a version that has stage count goes on from it',
  })
  expect(changes(beside(true), beside(false)).filter(change => !change.startsWith('safe'))).toEqual([])
})

describe('steps', () => {
  it('live only as long as their records', () => {
    const before = version({ steps: { call: codec.text } })
    expect(changes(before, version())).toEqual(['safe: step count.call is gone'])
    expect(changes(version(), before)).toEqual([])
  })

  it('with results of another type need another name', () => {
    const after = version({ steps: { call: OrderCodec } })
    expect(changes(version({ steps: { call: codec.text } }), after)).toEqual([
      'needsRename: step count.call results in Order instead of text',
    ])
  })
})

describe('stages', () => {
  it('stages whose only operator has another name lose state and positions', () => {
    expect(changes(version(), version({ name: 'sum' }))).toEqual([
      'refused: stage count became sum, which has neither its state nor its positions',
      'safe: stage sum is new',
      'safe: operator count is gone',
      'safe: operator sum is new',
      'needsRename: value of text count.total has no owner any more',
      'needsRename: timer count.flush has no owner any more',
    ])
  })

  it('with another operator in front are other stages', () => {
    expect(compare(version(), version({ front: true }))).toContainEqual({
      what: 'stage count became front, which has neither its state nor its positions',
      verdict: 'refused',
      remedy:
        "declare { stage: 'count' } where one of its operators is attached; to begin front without them, first run a version with neither",
    })
    expect(changes(version(), version({ front: true }))).toContain(
      'refused: value of text count.total would move from stage count to front',
    )
  })

  it('with a name of their own keep what they have, whichever operator comes first', () => {
    expect(changes(version(), version({ front: true, stage: 'count' }))).toEqual([
      'safe: operator front is new',
    ])
    expect(changes(version(), version({ name: 'sum', stage: 'count' }))).toEqual([
      'safe: operator count is gone',
      'safe: operator sum is new',
      'needsRename: value of text count.total has no owner any more',
      'needsRename: timer count.flush has no owner any more',
    ])
  })

  it('stages keep their number of tasks', () => {
    expect(changes(version(), version({ partitions: 16 }))).toEqual([
      'refused: topic orders has 16 partitions instead of 8',
      'refused: stage count has 16 tasks instead of 8',
    ])
  })

  it('stages may hold renamed operators behind the first', () => {
    const renamed = version({
      front: true,
      name: 'sum',
      rename: ['count.total', 'sum.total'],
      drop: 'count.flush',
    })
    expect(changes(version({ front: true }), renamed)).toEqual([
      'safe: output front.out goes to sum.in instead of to count.in',
      'safe: operator count is gone',
      'safe: operator sum is new',
      'safe: value of text count.total is renamed to sum.total',
      'safe: timer count.flush is dropped',
    ])
  })
})

describe('topics', () => {
  const graph = (declare: (p: ReturnType<typeof topology>) => unknown) => {
    const p = topology('app')
    declare(p)
    return summarize(plan(p.build()))
  }
  const sink = operator({ name: 'sink', input: OrderCodec, process() {} })
  const newSink = operator({ name: 'sink', input: NewOrder, process() {} })

  it('topics keep their type', () => {
    const before = graph(p => p.topic('orders', { value: OrderCodec }).process(sink.name, sink))
    const after = graph(p => p.topic('orders', { value: NewOrder }).process('sink', newSink))
    expect(changes(before, after)).toEqual(['refused: topic orders holds NewOrder instead of Order'])
  })

  it('topics may be added, and be left alone where nothing read them', () => {
    const [none, one] = [graph(() => {}), graph(p => p.topic('orders', { value: OrderCodec }))]
    expect(changes(none, one)).toEqual(['safe: topic orders is new'])
    expect(changes(one, none)).toEqual(['safe: topic orders is gone from the graph'])
  })

  it('topics may become sources and back, but not tables', () => {
    const topic = graph(p => p.topic('orders', { value: OrderCodec }))
    const source = graph(p => p.source('orders', { value: OrderCodec }))
    const table = graph(p => p.table('orders', { value: OrderCodec }))
    expect(changes(topic, source)).toEqual(['safe: topic orders became a source'])
    expect(changes(source, table)).toEqual(['refused: source orders became a table'])
  })

  it('topics read by a new stage instead of one that is gone mean a renamed stage, others do not', () => {
    const before = graph(p => p.source('raw', { value: OrderCodec }).process(sink.name, sink))
    const renamed = graph(p => p.source('raw', { value: OrderCodec }).process('end', sink))
    const replaced = graph(p => p.source('other', { value: OrderCodec }).process('end', sink))
    const became = 'refused: stage sink became end, which has neither its state nor its positions'
    expect(changes(before, renamed)).toContain(became)
    expect(changes(before, replaced)).toContain('safe: stage sink is gone')
    const beside = graph(p => {
      const raw = p.source('raw', { value: OrderCodec })
      raw.process(sink.name, sink)
      raw.process('copy', sink)
    })
    const copyOnly = graph(p => p.source('raw', { value: OrderCodec }).process('copy', sink))
    expect(changes(beside, copyOnly)).toContain('safe: stage sink is gone')
  })

  it('topics that another stage takes over would be read from their start', () => {
    const read = (owner: 'left' | 'right' | 'neither') =>
      graph(p => {
        const [left, right] = [p.source('a', { value: OrderCodec }), p.source('b', { value: OrderCodec })]
        const taken = p.source('taken', { value: OrderCodec })
        p.process('left', sink, { in: owner === 'left' ? [left, taken] : left })
        p.process('right', sink, { in: owner === 'right' ? [right, taken] : right })
      })
    expect(changes(read('left'), read('right'))).toContain(
      'refused: stage right would read taken from its start, which stage left has read so far',
    )
    expect(changes(read('left'), read('neither'))).toEqual(['safe: stage left no longer reads taken'])
    expect(changes(read('neither'), read('right'))).toEqual([])
  })

  it('topics that were read must be empty before nobody reads them', () => {
    const before = graph(p => p.topic('orders', { value: OrderCodec }).process(sink.name, sink))
    const after = graph(p => p.topic('orders', { value: OrderCodec }))
    expect(changes(before, after)).toContain('refused: stage sink no longer reads orders')
    expect(changes(before, after, ['orders'])).toContain('safe: stage sink no longer reads orders')
  })

  it('topics of others may be left whenever one likes', () => {
    const before = graph(p => p.source('raw', { value: OrderCodec }).process(sink.name, sink))
    expect(
      changes(
        before,
        graph(() => {}),
      ),
    ).toContain('safe: stage sink no longer reads raw')
  })
})

describe('delays', () => {
  const delayed = (tiers: readonly number[], target: 'late' | 'later' = 'late') => {
    const p = topology('app')
    const orders = p.topic('orders', { value: OrderCodec })
    const to = p.topic(target, { value: OrderCodec })
    const checked = orders.process('check', check)
    if (tiers.length === 0) checked.to(to)
    else checked.delay({ tiers }).to(to)
    return summarize(plan(p.build()))
  }
  const rerouted = 'safe: output check.checked goes to late after 5 ms instead of to late after 5 9 ms'

  it('delays may gain tiers', () => {
    expect(changes(delayed([5]), delayed([5, 9])).every(change => change.startsWith('safe'))).toBe(true)
  })

  it('delays keep a tier until it is empty', () => {
    expect(changes(delayed([5, 9]), delayed([5]))).toEqual(['refused: tier app.delay.9ms is gone', rerouted])
    expect(changes(delayed([5, 9]), delayed([5]), ['app.delay.9ms'])).toEqual([
      'safe: tier app.delay.9ms is gone',
      rerouted,
    ])
  })

  it('delays keep the topics that records are on their way to', () => {
    const [before, after] = [delayed([5]), delayed([5], 'later')]
    const lost = 'topic late is gone, to which delayed records are on their way'
    expect(changes(before, after)).toContain(`refused: ${lost}`)
    expect(changes(before, after, ['app.delay.5ms'])).toContain(`safe: ${lost}`)
  })

  it('delays that are no longer used leave tiers behind', () => {
    expect(changes(delayed([5]), delayed([]))).toEqual([
      'refused: tier app.delay.5ms is gone',
      'safe: stage delay is gone',
      'safe: output check.checked goes to late instead of to late after 5 ms',
    ])
  })
})

describe('outputs', () => {
  it('outputs may go elsewhere, or nowhere', () => {
    const graph = (discard: boolean) => {
      const p = topology('app')
      const orders = p.topic('orders', { value: OrderCodec })
      const done = p.topic('done', { value: OrderCodec })
      const checked = orders.process('check', check)
      if (discard) checked.discard()
      else checked.to(done)
      return summarize(plan(p.build()))
    }
    expect(changes(graph(false), graph(true))).toEqual([
      'safe: output check.checked goes nowhere instead of to done',
    ])
  })
})
