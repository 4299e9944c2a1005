/** Every language has every word, with the same values in it, and the pages ask for no word that is not there. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { en } from '#console/words/en.ts'
import { es } from '#console/words/es.ts'
import { PROBLEMS } from '#gateway/problem.ts'
import { ROOT } from '../../tidy/source.ts'

const valuesIn = (text: string): readonly string[] => (text.match(/\{\w+\}/g) ?? []).sort()

it('Spanish has every word of English, none empty, with the same values', () => {
  expect(Object.keys(es).sort()).toEqual(Object.keys(en).sort())
  for (const [key, text] of Object.entries(es)) {
    expect([key, text.trim()]).not.toEqual([key, ''])
    expect([key, valuesIn(text)]).toEqual([key, valuesIn(en[key as keyof typeof en])])
  }
})

it('every problem of the gateway has its words', () => {
  const titles = Object.entries(PROBLEMS).map(([code, [, title]]) => [`problem.${code}`, title])
  const words = Object.entries(en).filter(([key]) => key.startsWith('problem.'))
  expect(words.sort()).toEqual(titles.sort())
})

/** Groups whose words are looked up by names that the gateway sends. */
const NAMED =
  /^(state|kind|step|error|reason|role|taskType|source|part|example|bottleneck|linkState|problem|phase|attempt|paidFor|scope|replay|failureKind|topicKind|lookEnd|storedKind|waitsFor|money.by|money.range|mark|setting|versionUnknown|versions.verdict|versions.[ab])\./

it('each word is used by a page, or belongs to a group that is looked up by name', () => {
  const code = globSync('console/**/*.ts', { cwd: ROOT })
    .filter(path => !path.startsWith('console/words/'))
    .map(path => readFileSync(join(ROOT, path), 'utf8'))
    .join('\n')
  const idle = Object.keys(en).filter(key => !NAMED.test(key) && !code.includes(`'${key}'`))
  expect(idle).toEqual([])
})
