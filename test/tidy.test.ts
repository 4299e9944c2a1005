/** Style is a test: every rule of test/tidy runs on the project's own files, and is shown to fail on a breach. */
import { describe, expect, it } from 'vitest'
import { CIRCLE_RULES } from './tidy/circle-rules.ts'
import { CLOCK_RULES } from './tidy/clock-rules.ts'
import { EXEMPTIONS } from './tidy/exemptions.ts'
import { IMPORT_RULES } from './tidy/import-rules.ts'
import { PROSE_RULES } from './tidy/prose-rules.ts'
import { PUBLIC_RULES } from './tidy/public-rules.ts'
import type { Finding, Rule } from './tidy/rule.ts'
import { inProduct } from './tidy/rule.ts'
import { readTexts, treeOf } from './tidy/source.ts'
import { castsOf, SYNTAX_RULES } from './tidy/syntax-rules.ts'
import { figuresOf, TEXT_RULES } from './tidy/text-rules.ts'

const RULES: readonly Rule[] = [
  ...IMPORT_RULES,
  ...CIRCLE_RULES,
  ...SYNTAX_RULES,
  ...TEXT_RULES,
  ...PROSE_RULES,
  ...PUBLIC_RULES,
  ...CLOCK_RULES,
]

const tree = treeOf(readTexts())
const findings = new Map(RULES.map(rule => [rule.name, rule.check(tree)]))

describe('the project keeps its rules', () => {
  it.each(RULES)('$name', rule => {
    const breaches = (findings.get(rule.name) ?? []).filter(finding => !isExempt(rule, finding))
    expect(breaches.map(told), `${rule.name}: ${rule.because}.\nInstead: ${rule.instead}.`).toEqual([])
  })
})

describe('the rules can fail', () => {
  it.each(RULES)('$name', rule => {
    expect(rule.check(treeOf(new Map(Object.entries(rule.breach))))).not.toEqual([])
  })

  it('and have names of their own', () => {
    expect(new Set(RULES.map(rule => rule.name)).size).toBe(RULES.length)
  })
})

describe('exemptions', () => {
  it('are all needed', () => {
    const idle = EXEMPTIONS.filter(
      ({ rule, path }) => !findings.get(rule)?.some(finding => finding.path === path),
    )
    expect(idle).toEqual([])
  })

  it('say why', () => {
    expect(EXEMPTIONS.filter(({ because }) => because.split(' ').length < 5)).toEqual([])
  })
})

it('reports the figures that the rules watch', () => {
  const casts = tree.sources.filter(inProduct).flatMap(castsOf).length
  const figures = { ...figuresOf(tree), casts, exemptions: EXEMPTIONS.length }
  process.stdout.write(
    `${Object.entries(figures)
      .map(([name, figure]) => `${name} ${figure}`)
      .join(', ')}\n`,
  )
  expect(figures.files).toBeGreaterThan(0)
})

function isExempt(rule: Rule, finding: Finding): boolean {
  return EXEMPTIONS.some(each => each.rule === rule.name && each.path === finding.path)
}

function told({ path, line, what }: Finding): string {
  return `${path}:${line} ${what}`
}
