/** The sentence about the flow: each rule holds when it should, and none before its turn. */
import { describe, expect, it } from 'vitest'
import { type BottleneckFacts, bottleneckOf } from '#admin/bottleneck.ts'
import type { StageFlow } from '#admin/flow-figures.ts'

const stage = (name: string, more: Partial<StageFlow> = {}): StageFlow => ({
  ...{ name, in: 0, out: 0, inFlight: 0, limit: 100, lag: 0, catchUpS: null, oldestMs: 0 },
  ...{ busy: 0, held: 0, idle: 1, tasks: 8, blocked: 0, failing: 0, dying: 0 },
  ...more,
})
const PROVIDER = {
  name: 'https://llm',
  limit: 120,
  inFlight: 0,
  waiting: 0,
  breakerOpen: false,
  needsPerson: false,
}
const QUIET: BottleneckFacts = {
  pods: [{ name: 'one', isSilent: false, heardAgoMs: 500 }],
  stages: [stage('ingest'), stage('generate'), stage('score')],
  blocked: [],
  providers: [PROVIDER],
  away: [],
  calling: ['generate', 'score'],
}

const NARROW = { scope: 'organization:x', reason: 'too dear' }
const REPLACED = { name: 'dead', isSilent: true, heardAgoMs: 80_000, isReplaced: true }

const found = (facts: Partial<BottleneckFacts>) => bottleneckOf({ ...QUIET, ...facts })
const behind = stage('generate', { in: 0.5, lag: 1_240, inFlight: 120, limit: 2_000, catchUpS: 2_480 })

describe('the sentence', () => {
  it('nothing waits', () => {
    expect(found({})).toEqual({
      code: 'idle',
      values: {},
      text: 'Nothing waits: everything that was asked is answered.',
    })
  })

  it('a stage that waits for its provider is named, with limit, queue and time', () => {
    const { text, stage: at } = found({
      stages: [stage('ingest'), behind],
      providers: [{ ...PROVIDER, inFlight: 120, waiting: 40 }],
    })
    expect(at).toBe('generate')
    expect(text).toBe(
      'generate waits for its provider: limit 120 of 2000, 120 under way, 1240 behind it, 41 min at this rate.',
    )
  })

  it.each<[string, Partial<BottleneckFacts>]>([
    ['no_pods', { pods: [] }],
    ['pods_silent', { pods: [{ name: 'one', isSilent: true, heardAgoMs: 14_000 }] }],
    ['task_blocked', { blocked: [{ pod: 'one', task: 'score/3', reason: 'no such codec' }] }],
    ['braked', { brakes: [{ scope: 'everything', reason: 'too dear' }] }],
    ['braked', { brakes: [NARROW], delayed: 1 }],
    ['pods_silent', { pods: [...QUIET.pods, REPLACED] }],
    ['provider_away', { providers: [{ ...PROVIDER, breakerOpen: true, breakerReason: '503' }] }],
    ['provider_setup', { providers: [{ ...PROVIDER, breakerOpen: true, needsPerson: true }] }],
    ['store_away', { away: [{ name: 'database', reason: 'refused' }] }],
    ['dead_letters', { stages: [stage('decide', { dying: 3 })] }],
    ['stage_limit', { stages: [stage('admit', { in: 1, lag: 500, inFlight: 100, catchUpS: 500 })] }],
    ['stage_still', { stages: [stage('admit', { lag: 5, oldestMs: 9_000 })] }],
    ['stage_behind', { stages: [stage('admit', { in: 10, lag: 500, catchUpS: 50 })] }],
    ['flowing', { stages: [stage('ingest', { in: 12 })] }],
  ])('%s', (code, facts) => {
    expect(found(facts).code).toBe(code)
  })

  it('an earlier rule goes before a later one', () => {
    const facts = { stages: [behind], away: [{ name: 'database', reason: 'refused' }] }
    expect(found(facts).code).toBe('store_away')
    expect(found({ ...facts, pods: [] }).code).toBe('no_pods')
  })

  it.each<[string, Partial<BottleneckFacts>]>([
    ['idle', {}],
    [
      'provider_away',
      { providers: [{ ...PROVIDER, breakerOpen: true, breakerReason: '503' }], stages: [behind] },
    ],
    ['store_away', { away: [{ name: 'database', reason: 'refused' }], stages: [behind] }],
    ['provider_limit', { providers: [{ ...PROVIDER, waiting: 40 }], stages: [behind] }],
  ])('a brake on a part does not hide %s', (code, facts) => {
    expect(found({ ...facts, brakes: [NARROW] }).code).toBe(code)
  })

  it('a brake on everything is named, though a narrower one was set before', () => {
    const brakes = [NARROW, { scope: 'everything', reason: 'an accident' }]
    expect(found({ brakes }).text).toBe('A brake on everything stops new calls: an accident')
  })

  it('a silent pod whose tasks others have does not hide what goes on', () => {
    const pods = [...QUIET.pods, REPLACED]
    expect(found({ pods, stages: [stage('ingest', { in: 12 })] }).code).toBe('flowing')
  })

  it('a provider that is away is no bottleneck while another one takes calls', () => {
    const open = { ...PROVIDER, name: 'first', breakerOpen: true }
    expect(found({ providers: [open, PROVIDER] }).code).toBe('idle')
  })

  it('a time that is not known is no time', () => {
    const stuck = stage('generate', { in: null, lag: 50, inFlight: 3 })
    const { text } = found({ stages: [stuck], providers: [{ ...PROVIDER, waiting: 4 }] })
    expect(text).toContain('? min')
  })
})
