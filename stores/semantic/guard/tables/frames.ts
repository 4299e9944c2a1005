/** What the frames of a language are. */
import type { Pattern } from './pattern.ts'

export interface Frames {
  /** Courtesies at the beginning. */
  readonly greeting: readonly Pattern[]
  /** Courtesies at the end. */
  readonly closing: readonly Pattern[]
  /** A question follows. */
  readonly ask: readonly Pattern[]
  /** A question follows, or a thing: what it is, is asked. */
  readonly explain: readonly Pattern[]
  /** An order to the assistant follows, which is the same order without the frame. */
  readonly order: readonly Pattern[]
  /** The verb follows of which the asker wants to know how it is done. */
  readonly howTo: readonly Pattern[]
  readonly whereTo: readonly Pattern[]
}
