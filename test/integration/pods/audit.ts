/** The stage that the later version of the graph has and the earlier one lacks: it asks about each answer once more. */
import { codec } from '#core/codec.ts'
import { operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import type { Topology } from '#topology/topology.ts'
import { type Answer, answer, draw, type GraphOptions, total } from './graph.ts'

/** By which the bill tells its calls from those of the answers. */
export const AUDIT_ROUND = 9

const audited = codec.json<string>('audited')
const note = codec.json<Pick<Answer, 'id'> & { readonly note: string }>('note')

export function graphWithAudit(options: GraphOptions): Topology {
  const { graph, answers } = draw(options)
  const audits = graph.topic(`${options.application}.audits`, { value: note, partitions: options.partitions })
  answers.process('audit', auditing(options)).to(audits)
  return graph.build()
}

function auditing({ inFlightMax, timeoutMs, ask }: Pick<GraphOptions, 'inFlightMax' | 'timeoutMs' | 'ask'>) {
  return operator({
    name: 'audit',
    input: answer,
    outputs: { audited: note },
    state: { audits: state.value(total) },
    steps: { audit: audited },
    limits: { inFlightMax, timeout: timeoutMs },
    async process({ value: answered }, ctx) {
      const got = await ctx.step('audit', call => ask({ ...answered, round: AUDIT_ROUND }, call))
      const before = ctx.state.audits.get()
      ctx.state.audits.set({ count: (before?.count ?? 0) + 1, chain: 0 })
      ctx.emit('audited', { id: answered.id, note: got })
    },
  })
}
