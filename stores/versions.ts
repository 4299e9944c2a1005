/**
 * What answers tell of the versions of prompts, as figures and as pairs: part of the store of answers, and of its suite.
 * Sums go out of a store, and intervals are made of them in one place: admin/intervals.ts.
 */
import { CRITERIA } from '#answers/rubric.ts'

/** What each answer is measured by. */
export const MARKS = ['final', ...CRITERIA] as const
export type Mark = (typeof MARKS)[number]

/** Bins of a distribution: of one point each, the last one with its upper end. */
export const BINS = 10

/** Of values: how many, their sum, and the sum of their squares. */
export interface Sums {
  readonly count: number
  readonly sum: number
  readonly squares: number
}

/** Answers of this task type, and delivered in this time. */
export interface VersionsWanted {
  /** Of any when left out. */
  readonly taskType?: string | undefined
  /** Milliseconds since the epoch; the end is not part of it. */
  readonly from: number
  readonly to: number
}

/** A prompt version and the model that answered: what is compared. */
export interface VersionKey {
  readonly taskType: string
  readonly promptVersion: string
  readonly model: string
}

/** The delivered answers of one version. */
export interface VersionRow extends VersionKey {
  readonly answers: number
  /** When the first and the last of them was delivered, milliseconds since the epoch. */
  readonly firstAt: number
  readonly lastAt: number
  readonly belowThreshold: number
  readonly marks: Readonly<Record<Mark, Sums & { readonly bins: readonly number[] }>>
  /** Calls that failed and answers that were judged. */
  readonly attempts: Sums
  /** Of the answers whose price is known: the others are in no sum. */
  readonly costUsd: Sums
  /** From the question to the answer. */
  readonly latencyMs: Sums & { readonly p50: number; readonly p95: number }
}

export interface SlicesWanted extends VersionsWanted {
  /** Of how many milliseconds each slice of the time is. */
  readonly widthMs: number
}

/** How many answers of a version were delivered in one slice of the time; slices without one have no row. */
export interface VersionSlice extends VersionKey {
  readonly slice: number
  readonly answers: number
}

/** One side of a comparison. */
export interface VersionSide {
  readonly promptVersion: string
  /** Of any when left out. */
  readonly model?: string | undefined
}

export interface ComparisonWanted extends VersionsWanted {
  readonly a: VersionSide
  readonly b: VersionSide
}

export interface PairsWanted extends ComparisonWanted {
  readonly limit: number
  /** Goes on after this pair, the last one of a page. */
  readonly after?: { readonly change: number; readonly questionHash: string } | undefined
}

/** All pairs together. */
export interface PairSums {
  /** By b. */
  readonly better: number
  readonly worse: number
  readonly same: number
  /** Of b without a, pair by pair. */
  readonly marks: Readonly<Record<Mark, Sums>>
  /** The same of pairs whose prices are known, both. */
  readonly costUsd: Sums
}
