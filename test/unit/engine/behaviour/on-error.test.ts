/** `onError`: an operator answers a failure by one of a few words; without an answer the class of the error decides. */
import { describe, expect, it } from 'vitest'
import { type FailureAnswer, type FailureContext, operator } from '#core/operator.ts'
import { testTopology, trouble } from '#testing/index.ts'
import { graphOf, numbers, recordsOf } from './graph.ts'

function failing(error: unknown, onError: (failure: FailureContext) => FailureAnswer | undefined) {
  const fails = operator({
    name: 'fails',
    input: numbers,
    outputs: { out: numbers },
    process(record, ctx) {
      if (record.value === 2) throw error
      ctx.emit('out', record.value)
    },
    onError,
  })
  return graphOf(fails)
}

describe('onError', () => {
  it('onError gets the error, the attempt and the key', async () => {
    const told: FailureContext[] = []
    const error = trouble()
    const graph = failing(error, failure => {
      told.push(failure)
      return undefined
    })
    await using kit = await testTopology(graph)
    await kit.send('in', ...recordsOf(1, 3, 'a'))
    await kit.settle()
    expect(told).toEqual([1, 2, 3].map(attempt => ({ error, attempt, key: 'a' })))
  })

  it('onError gives up at once what would be retried', async () => {
    await using kit = await testTopology(failing(trouble(), () => 'deadLetter'))
    await kit.send('in', ...recordsOf(1, 3, 'a'))
    await kit.settle()
    expect(kit.deadLetters()).toMatchObject([{ attempts: 1 }])
    expect(kit.read('out')).toEqual([1, 3])
  })

  it('onError retries what would be given up, within the same three attempts', async () => {
    await using kit = await testTopology(failing(new TypeError('no'), () => 'retry'))
    await kit.send('in', ...recordsOf(1, 3, 'a'))
    await kit.settle()
    expect(kit.deadLetters()).toMatchObject([{ attempts: 3 }])
  })

  it('onError stops the pod; the record is neither lost nor skipped', async () => {
    const answers: FailureAnswer[] = ['stop']
    await using kit = await testTopology(failing(trouble('stop it'), () => answers.shift() ?? 'deadLetter'))
    await kit.send('in', ...recordsOf(1, 3, 'a'))
    await expect(kit.settle()).rejects.toThrow('stop it')
    expect(kit.pods[0]?.status).toBe('failed')
    await kit.restart()
    await kit.settle()
    expect(kit.deadLetters()).toMatchObject([{ origin: { offset: 1 } }])
    expect(kit.read('out')).toEqual([1, 3])
  })

  it('onError that throws itself changes nothing, and is logged', async () => {
    const graph = failing(new TypeError('no'), () => {
      throw new TypeError('nor this')
    })
    await using kit = await testTopology(graph)
    await kit.send('in', ...recordsOf(1, 3, 'a'))
    await kit.settle()
    expect(kit.deadLetters()).toMatchObject([{ code: 'HANDLER_FAILED', attempts: 1 }])
    expect(kit.logs.map(({ message }) => message)).toContain('onError threw; the error keeps its own action')
  })

  it('onError can stop one pod of two; the other takes over and meets the record itself', async () => {
    let stops = 0
    const graph = failing(trouble('stop it'), () => (stops++ === 0 ? 'stop' : 'deadLetter'))
    await using kit = await testTopology(graph, { pods: 2 })
    await kit.send('in', ...recordsOf(1, 3, 'a'))
    await expect(kit.settle()).rejects.toThrow('stop it')
    await kit.restart()
    await kit.settle()
    expect(kit.deadLetters()).toHaveLength(1)
    expect(kit.read('out')).toEqual([1, 3])
  })

  it.each<[string, () => unknown]>([
    ['a word that there is not', () => 'deadletter'],
    ['a promise', () => Promise.reject(new TypeError('late'))],
    ['a truth', () => true],
  ])('an onError that returns %s is logged, and the error keeps its own action', async (_what, answer) => {
    await using kit = await testTopology(failing(new TypeError('no'), () => answer() as FailureAnswer))
    await kit.send('in', ...recordsOf(1, 3, 'a'))
    await kit.settle()
    expect(kit.deadLetters()).toMatchObject([{ attempts: 1, node: 'fails' }])
    expect(kit.read('out')).toEqual([1, 3])
    expect(kit.logs.filter(({ level }) => level === 'error')).toMatchObject([{ fields: { node: 'fails' } }])
  })
})
