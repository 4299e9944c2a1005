/** Plurals that mean something else than their singular, and words that end in s without being a plural. */
import { wordSet } from './list.ts'

export const NO_PLURALS = wordSet(`
  news glasses means goods customs arms looks times manners spirits forces peoples damages letters papers airs contents
  rights savings earnings shorts briefs physics economics politics statistics ethics aids clothes waters irons numbers
  minutes pants species series this his its is was has does us yes bus gas class always perhaps less less thus plus
  bias lens canvas atlas basis analysis crisis virus status focus bonus campus corpus process access address business
  mars venus texas paris london stairs movies sales jeans scissors headquarters outskirts thanks congress
  pass boss loss mass mess miss press stress dress express success illness wellness fitness mathematics maths
`)

/** Irregular plurals and verb forms in the third person. */
export const IRREGULAR_PLURALS: ReadonlyMap<string, string> = new Map([
  ['mice', 'mouse'],
  ['feet', 'foot'],
  ['teeth', 'tooth'],
  ['geese', 'goose'],
  ['goes', 'go'],
  ['lives', 'live'],
  ['knives', 'knife'],
  ['wives', 'wife'],
  ['leaves', 'leave'],
  ['shoes', 'shoe'],
  ['dies', 'die'],
  ['lies', 'lie'],
  ['ties', 'tie'],
])
