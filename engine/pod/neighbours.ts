/** Refuses to run beside an application that works on the same topics as this one. */
import { CaudalError } from '#core/errors.ts'
import { TOPOLOGY_SUFFIX } from '#topology/names.ts'
import type { TopologySummary } from '#topology/summary.ts'

/** Another application whose topology the log keeps. */
export interface Neighbour {
  readonly topologyTopic: string
  readonly summary: TopologySummary
}

interface Use {
  readonly reads: ReadonlySet<string>
  readonly writes: ReadonlySet<string>
}

/**
 * An application that writes and reads a topic takes every record there for its own. If two applications did so with one topic,
 * both would do the work of both, and would pay for it twice. Only reading such a topic is harmless. So is sharing a source or
 * a sink. Throws TOPIC_SHARED with every shared topic.
 */
export function refuseSharedTopics(own: TopologySummary, neighbours: readonly Neighbour[]): void {
  const mine = useOf(own, '')
  const faults = neighbours.flatMap(({ topologyTopic, summary }) => {
    const theirs = useOf(summary, prefixOf(topologyTopic, summary.application))
    const shared = [...mine.writes].filter(
      topic => theirs.writes.has(topic) && (mine.reads.has(topic) || theirs.reads.has(topic)),
    )
    if (shared.length === 0) return []
    return [
      `- application ${summary.application} (${topologyTopic}) works with ${shared.join(', ')}, and so does this one, ${own.application}`,
    ]
  })
  if (faults.length > 0) throw new CaudalError('TOPIC_SHARED', { faults: faults.join('\n') })
}

/**
 * A new application reads a source with a history that another application works on only after an explicit decision. A second
 * application of paid calls would buy the whole history again. Throws SOURCE_UNDECIDED with every such source.
 */
export function refuseUndecidedSources(filled: readonly string[], neighbours: readonly Neighbour[]): void {
  const faults = neighbours.flatMap(({ topologyTopic, summary }) => {
    const { reads } = useOf(summary, prefixOf(topologyTopic, summary.application))
    const shared = filled.filter(topic => reads.has(topic))
    return shared.length > 0 ? [`- application ${summary.application} reads ${shared.join(', ')}`] : []
  })
  if (faults.length > 0) throw new CaudalError('SOURCE_UNDECIDED', { faults: faults.join('\n') })
}

/** The prefix of an application's topics in the log. Summaries have names without it; the name of the topology topic shows it. */
function prefixOf(topologyTopic: string, application: string): string {
  const plain = `${application}${TOPOLOGY_SUFFIX}`
  return topologyTopic.endsWith(plain) ? topologyTopic.slice(0, -plain.length) : ''
}

function useOf({ topics, operators, stages }: TopologySummary, prefix: string): Use {
  const outputs = Object.values(operators).flatMap(operator => Object.values(operator.outputs).flat())
  const isTarget = (name: string) =>
    outputs.some(output => output === name || output.startsWith(`${name} after `))
  const reads = Object.values(stages).flatMap(({ sources }) => sources)
  return {
    reads: new Set(reads.map(topic => prefix + topic)),
    writes: new Set(
      Object.keys(topics)
        .filter(isTarget)
        .map(topic => prefix + topic),
    ),
  }
}
