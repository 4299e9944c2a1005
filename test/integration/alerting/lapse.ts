/** The rules that are deployed, with each of their times a sixtieth: a minute becomes a second. Thresholds stay as they are. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

const RULES = join(import.meta.dirname, '../../../deploy/prometheus/rules.yml')
const LAPSE = 60
const MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly for?: string
}

/** The text of a file of rules; JSON is YAML too. */
export function lapsedRules(): string {
  const { groups } = parse(readFileSync(RULES, 'utf8'))
  const lapsed = groups.map(
    ({ name, rules }: { readonly name: string; readonly rules: readonly Rule[] }) => ({
      name,
      rules: rules.map(lapsedRule),
    }),
  )
  return JSON.stringify({ groups: lapsed })
}

function lapsedRule(rule: Rule): Rule {
  const expr = rule.expr.replace(/\[[^\]]+\]|offset \w+/g, lapsedTimes)
  return { ...rule, expr, ...(rule.for !== undefined && { for: lapsedTimes(rule.for) }) }
}

const lapsedTimes = (text: string): string =>
  text.replace(
    /(\d+)([smhd])\b/g,
    (_, count: string, unit: keyof typeof MS) => `${(Number(count) * MS[unit]) / LAPSE}ms`,
  )
