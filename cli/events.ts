/** Files of events: one JSON document a line, or CSV whose first row names the fields. */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

export interface InputEvent {
  /** Where it stands in its file, from 1. */
  readonly line: number
  readonly value: Uint8Array
}

/** Lines are handed on as they are: whether they are events is for the pipeline to say, with a reason. */
export async function* eventsOf(input: Readable): AsyncGenerator<InputEvent> {
  let line = 0
  for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    line++
    if (text.trim() !== '') yield { line, value: Buffer.from(text) }
  }
}

export const eventsOfFile = (path: string): AsyncGenerator<InputEvent> => eventsOf(createReadStream(path))
