/**
 * An embedder without a model, for texts that share words. Each word, and each three letters of it, add or take 1 at a
 * place of their own: the hashing trick (Weinberger et al., 2009). It knows no synonyms.
 */
import { hash } from 'node:crypto'
import { checkedVector, type Embedder } from './embedder.ts'

const DIMENSIONS = 512
/** A word says more than three letters of one. */
const WORD_WEIGHT = 2

const SHAPE = { name: 'hashing-512-v1', dimensions: DIMENSIONS }

/** Needs no provider and costs nothing. Equal texts have equal vectors in every process. */
export const hashingEmbedder: Embedder = {
  ...SHAPE,
  embed: async text => checkedVector(SHAPE, vectorOf(text)),
}

function vectorOf(text: string): number[] {
  const vector = new Array<number>(DIMENSIONS).fill(0)
  const add = (feature: string, weight: number) => {
    const digest = hash('sha1', feature, 'buffer')
    const place = digest.readUInt32BE(0) % DIMENSIONS
    vector[place] = (vector[place] ?? 0) + (digest.readUInt8(4) % 2 === 0 ? weight : -weight)
  }
  for (const word of wordsOf(text)) {
    add(`word:${word}`, WORD_WEIGHT)
    for (const letters of trigrams(word)) add(`letters:${letters}`, 1)
  }
  return vector
}

/** In lower case and without accents; a text without a letter or digit is one word. */
function wordsOf(text: string): readonly string[] {
  const plain = text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
  return plain.match(/[\p{L}\p{N}]+/gu) ?? [plain]
}

function trigrams(word: string): readonly string[] {
  const framed = `^${word}$`
  return Array.from({ length: Math.max(1, framed.length - 2) }, (_, at) => framed.slice(at, at + 3))
}
