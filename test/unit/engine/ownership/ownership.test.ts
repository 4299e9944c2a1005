/** Who may write for a task: the rules of ownership, one by one. */
import { describe, it } from 'vitest'
import { RULES } from './ownership-rules.ts'

describe('ownership', () => {
  it.each(Object.entries(RULES))('%s', (_rule, holds) => holds())
})
