/** The names of the pipeline's topics, spelled once. */
import { expect, it } from 'vitest'
import { TOPICS } from '#answers/topics.ts'
import { realSystem } from '#core/system.ts'
import { answers } from '#pipelines/answers.ts'
import { SqliteHistory } from '#stores/sqlite/history.ts'
import { PRODUCT, readTexts, treeOf } from '../../tidy/source.ts'

const NAMES = Object.values(TOPICS)
const model = { complete: () => Promise.reject(new TypeError('is not asked')) }

it('the list has every topic of the pipeline, and no other', () => {
  const history = new SqliteHistory({ path: ':memory:', system: realSystem, keptMs: 1 })
  const webhooks = { subscriptions: { endpointsOf: model.complete }, caller: { call: model.complete } }
  const { topics } = answers({ model, history, webhooks })
  history.close()
  // Tokens lie beside the graph: no operator reads or writes them.
  expect([...topics.map(({ name }) => name), TOPICS.tokens].sort()).toEqual([...NAMES].sort())
})

const isProduct = (path: string): boolean =>
  PRODUCT.includes(path.split('/')[0] ?? '') && path !== 'answers/topics.ts'

it('no other file of the product spells the name of a topic in what it does or says', () => {
  const name = new RegExp(`\\b(${NAMES.map(each => each.replace('.', '\\.')).join('|')})\\b`)
  const spelled: string[] = []
  const own = [...readTexts()].filter(([path, text]) => isProduct(path) && name.test(text))
  for (const file of treeOf(new Map(own)).sources) {
    const look = (text: unknown, offset: number) => {
      if (typeof text === 'string' && name.test(text)) spelled.push(`${file.path}:${file.lineOf(offset)}`)
    }
    file.visit({
      Literal: ({ value, start }) => look(value, start),
      TemplateElement: ({ value, start }) => look(value.raw, start),
    })
  }
  expect(spelled).toEqual([])
})
