/** The one live stream of the flow: opened once, read by every page. */
import { computed, signal } from '@preact/signals-core'
import { type Link, type Refusal, stream } from './api.ts'
import { now } from './clock.ts'
import { type Picture, pictureOf } from './flow-layout.ts'
import type { Flow, FlowGraph } from './shapes.ts'

export interface PastColumns {
  readonly at: readonly number[]
  readonly in: readonly (number | null)[]
  readonly out: readonly (number | null)[]
  readonly waiting: readonly (number | null)[]
}

const POINTS_MAX = 900
/** A gap in the times of points; a line must not bridge it. */
const GAP_MS = 5_000
const STALE_MS = 5_000
/** The flow comes each second. */
const SILENCE_MS = 5_000

export const graph = signal<FlowGraph | undefined>(undefined)
export const picture = signal<Picture | undefined>(undefined)
export const flow = signal<Flow | undefined>(undefined)
export const past = signal<PastColumns>({ at: [], in: [], out: [], waiting: [] })
export const flowLink = signal<Link>('connecting')
/** What the gateway says where it refuses the stream. */
export const flowRefusal = signal<Refusal | undefined>(undefined)
/** By this machine's clock: that of the gateway may differ. */
const heardAt = signal(0)

/** How old the picture is; nothing while it is live. */
export const staleMs = computed(() => {
  if (!flow.value) return undefined
  const age = now.value - heardAt.value
  return age > STALE_MS ? age : undefined
})

export function followFlow(): void {
  stream<FlowGraph | PastColumns | Flow>('/flow', {
    onEvent: (_, data) => take(data),
    onLink: (link, refusal) => {
      flowLink.value = link
      flowRefusal.value = refusal
    },
    silenceMs: SILENCE_MS,
  })
}

function take(data: FlowGraph | PastColumns | Flow): void {
  if ('edges' in data) {
    graph.value = data
    picture.value = pictureOf(data)
  } else if ('bottleneck' in data) {
    heardAt.value = now.peek()
    flow.value = data
    past.value = grown(past.peek(), data)
  } else past.value = data
}

export function grown(before: PastColumns, { at, stages, pods }: Flow): PastColumns {
  const last = before.at.at(-1)
  if (last !== undefined && at <= last) return before
  const isKnown = pods.some(({ isSilent }) => !isSilent)
  const delivering = stages.find(({ name }) => name === 'deliver')
  const figures = {
    in: isKnown ? (stages[0]?.in ?? null) : null,
    out: isKnown ? (delivering?.in ?? null) : null,
    waiting: isKnown ? stages.reduce((sum, { lag }) => sum + lag, 0) : null,
  }
  const isGap = last !== undefined && at - last > GAP_MS
  const gap = isGap ? [{ at: at - 1, in: null, out: null, waiting: null }] : []
  const added = [...gap, { at, ...figures }]
  const grownBy = <V>(column: readonly V[], values: readonly V[]) => [...column, ...values].slice(-POINTS_MAX)
  return {
    at: grownBy(
      before.at,
      added.map(each => each.at),
    ),
    in: grownBy(
      before.in,
      added.map(each => each.in),
    ),
    out: grownBy(
      before.out,
      added.map(each => each.out),
    ),
    waiting: grownBy(
      before.waiting,
      added.map(each => each.waiting),
    ),
  }
}
