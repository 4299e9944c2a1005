/**
 * The steps of one operator for one record. A call is made if the journal has no result of it. The result is journaled as soon
 * as it arrives. The caller gets the result through its codec, as a replay would give it.
 *
 * Each identity is called once in a run. Of two calls side by side both would be paid for, and one result would be lost. A call
 * afterwards would get the result of the first, though it may ask something else. A failed call may be made again.
 */
import { type Codec, decodeApart, encodeApart } from '#core/codec.ts'
import type { StepCall, TableHandle } from '#core/context.ts'
import { CaudalError, reasonOf, Unavailable } from '#core/errors.ts'
import type { Interceptor } from '#core/interceptor.ts'
import { callId, type Identified } from './identity.ts'
import type { ProgramNode } from './stage-program.ts'
import { readStep } from './step-journal.ts'

/** What steps need of the run that they belong to. */
export interface StepRun {
  readonly job: { readonly finished: boolean }
  readonly signal: AbortSignal
  /** The run was ended from outside, before its operators had ended. They are still waited for. */
  readonly isAborted: boolean
  read(entry: string): Uint8Array | undefined
  journal(callId: string, value: Uint8Array): void
  whenMayCall(): Promise<void> | undefined
  /** A look-up in a table as it is now. */
  lookUp(table: string, key: string): unknown
  readonly interceptor?: Interceptor | undefined
  /** Counts a result that was found in these entries of the journal. */
  replayed(entries: readonly string[]): void
  postpone(error: Unavailable): void
  /** Logs what came after the record's end. */
  tellLate(what: string, error?: unknown): void
}

export class StepCalls {
  readonly #run: StepRun
  readonly #node: ProgramNode
  readonly #record: Identified
  readonly #assertOpen: () => void
  /** Identities of the calls under way and of those that were answered in this run. */
  readonly #called = new Set<string>()

  constructor(run: StepRun, node: ProgramNode, record: Identified, assertOpen: () => void) {
    this.#run = run
    this.#node = node
    this.#record = record
    this.#assertOpen = assertOpen
  }

  async call(step: string, call: (call: StepCall) => Promise<unknown>, part: string): Promise<unknown> {
    const { name: node, operator } = this.#node
    const codec = operator.steps[step]
    if (!codec) throw new CaudalError('STATE_UNKNOWN', { node, name: step })
    const id = callId(this.#record.id, node, step, part)
    if (this.#called.has(id)) throw new CaudalError('STEP_REPEATED', { node, step, part })
    this.#called.add(id)
    try {
      const journaled = this.#find(codec, id)
      if (!journaled) return await this.#buy(step, codec, id, call)
      this.#run.interceptor?.replayed?.({ node, step, id })
      return journaled.result
    } catch (error) {
      this.#called.delete(id)
      throw error
    }
  }

  #find(codec: Codec<unknown>, id: string): { readonly result: unknown } | undefined {
    const journaled = readStep(this.#run, id)
    if (!journaled) return undefined
    this.#run.replayed(journaled.entries)
    return { result: this.#decode(codec, journaled.result) }
  }

  async #buy(
    step: string,
    codec: Codec<unknown>,
    id: string,
    call: (call: StepCall) => Promise<unknown>,
  ): Promise<unknown> {
    const run = this.#run
    for (let open = run.whenMayCall(); open; open = run.whenMayCall()) await open
    this.#assertOpen()
    const buy = () => call({ signal: run.signal, id, table: name => this.#table(name) })
    const around = run.interceptor
    const bought = around?.step ? await around.step({ node: this.#node.name, step, id }, buy) : await buy()
    if (run.job.finished && !run.isAborted) run.tellLate(`step ${step} was answered`)
    // An earlier attempt that was given up may have been answered meanwhile. Then its answer counts.
    const before = run.job.finished ? undefined : this.#find(codec, id)
    if (before) return before.result
    const { bytes, result } = this.#throughCodec(step, codec, bought)
    run.journal(id, bytes)
    return result instanceof Unavailable ? this.#decode(codec, bytes) : result
  }

  #table(table: string): TableHandle<unknown> {
    const { name: node, operator } = this.#node
    if (!operator.tables[table]) throw new CaudalError('TABLE_UNKNOWN', { node, table })
    return { get: key => this.#run.lookUp(table, key) }
  }

  /** Throws for a result that cannot be read again. If it were journaled, the record would fail at it for ever. */
  #throughCodec(step: string, codec: Codec<unknown>, bought: unknown) {
    try {
      const bytes = encodeApart(codec, bought)
      return { bytes, result: unlessLater(() => decodeApart(codec, bytes)) }
    } catch (error) {
      const details = {
        node: this.#node.name,
        target: `step ${step}`,
        codec: codec.name,
        reason: reasonOf(error),
      }
      throw new CaudalError('ENCODE_FAILED', details, error)
    }
  }

  #decode(codec: Codec<unknown>, result: Uint8Array): unknown {
    try {
      return decodeApart(codec, result)
    } catch (error) {
      if (error instanceof Unavailable) this.#run.postpone(error)
      throw error
    }
  }
}

function unlessLater(decode: () => unknown): unknown {
  try {
    return decode()
  } catch (error) {
    if (error instanceof Unavailable) return error
    throw error
  }
}
