/**
 * The audit of hits: a sampled share is answered again, and each pair is judged. More false hits than one in a hundred
 * switch the index of a task type off. Below a hundred audits the first false hit does.
 */
import { hash } from 'node:crypto'

/** The share of requests whose hits are answered again and judged. */
export const AUDITED_SHARE = 0.02
/** The rate of false hits above which an index is switched off. */
export const FALSE_HITS_MAX = 0.01
/** Of the normal distribution, for an interval of 95 %. */
const Z = 1.96

/** Whether a hit is audited: the same for each repetition of a request. */
export function isAudited(requestId: string, share: number = AUDITED_SHARE): boolean {
  return hash('sha1', requestId, 'buffer').readUInt32BE(0) < share * 2 ** 32
}

/** How often audited hits were false. */
export interface FalseHitRate {
  readonly audits: number
  readonly falseHits: number
  /** Nothing before the first audit. */
  readonly rate: number | undefined
  /** Of 95 %, after Wilson (1927): it holds for few audits and for none that failed. */
  readonly interval: readonly [low: number, high: number]
}

/** Counts the audited hits of one task type, and decides whether its index stays on. */
export class AuditTally {
  #audits = 0
  #falseHits = 0

  audited(wasFalse: boolean): void {
    this.#audits += 1
    if (wasFalse) this.#falseHits += 1
  }

  rate(): FalseHitRate {
    const [audits, falseHits] = [this.#audits, this.#falseHits]
    const rate = audits === 0 ? undefined : falseHits / audits
    return { audits, falseHits, rate, interval: wilson(falseHits, audits) }
  }

  /** Why the index has to be off; nothing while it may be on. */
  verdict(): string | undefined {
    const { audits, falseHits, rate = 0, interval } = this.rate()
    if (rate <= FALSE_HITS_MAX) return undefined
    const [low, high] = interval.map(percent)
    return `${falseHits} of ${audits} audited hits were false: ${percent(rate)}, between ${low} and ${high}; at most ${percent(FALSE_HITS_MAX)} is allowed`
  }
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`

function wilson(count: number, of: number): readonly [number, number] {
  if (of === 0) return [0, 1]
  const share = count / of
  const middle = share + Z ** 2 / (2 * of)
  const reach = Z * Math.sqrt((share * (1 - share)) / of + Z ** 2 / (4 * of ** 2))
  const scale = 1 + Z ** 2 / of
  return [Math.max(0, (middle - reach) / scale), Math.min(1, (middle + reach) / scale)]
}
