/** What the command says to a Node that is too old for it. */
import { expect, it } from 'vitest'
import { faultOfNode } from '#cli/command/node-version.ts'

it.each([
  ['22.19.0', '>=22.19'],
  ['22.20.1', '>=22.19'],
  ['24.0.0', '>=22.19'],
  ['20.0.0', '>=20'],
])('Node %s satisfies %s', (version, needed) => {
  expect(faultOfNode(version, needed)).toBeUndefined()
})

it.each(['20.20.2', '22.18.9', '22.9.0'])('the command refuses Node %s as too old for >=22.19', version => {
  expect(faultOfNode(version, '>=22.19')).toBe(
    `caudal runs on Node 22.19 and later; this is ${version}: install a newer Node`,
  )
})

it('the Node of this process satisfies package.json', () => {
  expect(faultOfNode(process.versions.node)).toBeUndefined()
})
