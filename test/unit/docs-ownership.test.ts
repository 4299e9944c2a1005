/** The sequence diagrams of docs/ownership.md, against the ownership that the engine runs. */
import { describe, expect, it } from 'vitest'
import type { Claim } from '#engine/commit/claims.ts'
import { page } from '../pages.ts'
import { OwnershipRig, US } from './engine/ownership/ownership-rig.ts'

const PREVIOUS: Claim = { incarnation: 'a:1:x', producer: 'app-a', nonce: 'a#1' }
/** What one actor of a diagram does that others can see, and what the rig calls it. */
const ACTIONS: readonly (readonly [RegExp, string])[] = [
  [/^fence:/, 'fence app-a'],
  [/^claim with nonce/, 'claim t/0'],
  [/^one transaction: marker/, 'mark t/0'],
  [/\bruns$/, 'run t/0'],
]

/** The actions of one actor, in the order of the diagram below a heading. */
function drawn(heading: string, actor: string): readonly string[] {
  const section = page('docs/ownership.md').split(`### ${heading}\n`)[1] ?? ''
  const diagram = /```mermaid\n([\s\S]*?)```/.exec(section)?.[1] ?? ''
  const own = new RegExp(`^ *(?:${actor}->>\\w|Note over ${actor}): (.*)$`, 'gm')
  return [...diagram.matchAll(own)].flatMap(([, text = '']) =>
    ACTIONS.filter(([pattern]) => pattern.test(text)).map(([, action]) => action),
  )
}

describe('docs/ownership.md', () => {
  it('docs/ownership.md draws a hand-over as it happens: nothing is claimed before the release was read', async () => {
    const rig = new OwnershipRig()
    rig.live = new Set([US, PREVIOUS.incarnation])
    rig.store(0, PREVIOUS)
    await rig.joined(7, 't/0')
    expect(rig.told).toEqual([])
    rig.task('t/0').tail.released.add(PREVIOUS.nonce)
    await rig.settle()
    rig.task('t/0').reads()
    await rig.settle()
    expect(rig.told).toEqual(drawn('A hand-over', 'B'))
    expect(rig.told).toEqual(['claim t/0', 'mark t/0', 'run t/0'])
  })

  it('docs/ownership.md draws a take-over as it happens: the previous owner is fenced before its task is claimed', async () => {
    const rig = new OwnershipRig()
    rig.store(0, PREVIOUS)
    await rig.joined(8, 't/0')
    await rig.settle()
    rig.task('t/0').reads()
    await rig.settle()
    expect(rig.told).toEqual(drawn('A take-over with a fence', 'B'))
    expect(rig.told).toEqual(['fence app-a', 'claim t/0', 'mark t/0', 'run t/0'])
  })

  it('docs/ownership.md draws an unknown outcome as it happens: the owner claims and marks its task again', async () => {
    const rig = new OwnershipRig()
    const task = await rig.running('t/0')
    rig.told.length = 0
    await rig.producerLost('OUTCOME_UNKNOWN')
    task.reads()
    await rig.settle()
    expect(rig.told).toEqual(drawn('A commit whose outcome is unknown', 'P'))
    expect(rig.told).toEqual(['claim t/0', 'mark t/0'])
  })

  it('docs/ownership.md draws that a task in which another incarnation has written is dropped', async () => {
    const rig = new OwnershipRig()
    const task = await rig.running('t/0')
    await rig.producerLost('OUTCOME_UNKNOWN')
    task.tail.foreign = true
    task.reads()
    await rig.settle()
    expect(page('docs/ownership.md')).toMatch(
      /else another incarnation has written\n *Note over P: drops the task/,
    )
    expect(rig.told).toContain('drop t/0')
  })
})
