/** Each rule of ownership is seen to be broken when the code that keeps it is replaced. */
import { describe, expect, it } from 'vitest'
import { RULES, type Rule } from '../unit/engine/ownership/ownership-rules.ts'
import {
  claimedMarkersSettled,
  leavingNotVerified,
  livingNamesakeSettled,
  lostAnswerNotOurs,
  releaseForgotten,
  settledAfterTheFence,
} from './planted/altered-ownership.ts'
import type { Alteration } from './planted/replaced-method.ts'

const BUGS: readonly (readonly [rule: Rule, alteration: Alteration])[] = [
  ['a fence settles what was read before it, not what was written while it ran', settledAfterTheFence],
  [
    'the stored claims of tasks on their way out are read again before they are claimed once more',
    leavingNotVerified,
  ],
  [
    'a fence settles no marker of a task that is claimed: our marker may stand before the last of theirs',
    claimedMarkersSettled,
  ],
  ['a release that is owed is written again when its transaction fails', releaseForgotten],
  ['a fence of a dead pod settles nothing of the living one of its name', livingNamesakeSettled],
  ['a claim whose answer was lost is ours wherever it is found', lostAnswerNotOurs],
]

describe('a bug in ownership breaks the rule', () => {
  it.each(BUGS)('%s', async (rule, alteration) => {
    const remove = alteration()
    try {
      await expect(RULES[rule]()).rejects.toThrow()
    } finally {
      remove()
    }
    await RULES[rule]()
  })
})
