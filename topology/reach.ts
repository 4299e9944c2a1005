/** Where records go from an operator, and who reads a topic. */
import type { Plan, Stage } from './plan.ts'
import type { OperatorNode } from './topology.ts'

type Stages = Pick<Plan, 'stages'>

/** The operator of this name, in whatever stage; undefined for an unknown name. */
export function operatorOf({ stages }: Stages, name: string): OperatorNode | undefined {
  return stages.find(({ operators }) => operators.has(name))?.operators.get(name)
}

/** The operators that read the topic, with their stages. */
export function readersOf(
  { stages }: Stages,
  topic: string,
): readonly { readonly stage: Stage; readonly operator: OperatorNode }[] {
  return stages.flatMap(stage =>
    stage.sources
      .filter(source => source.topic === topic)
      .flatMap(({ readers }) => readers.flatMap(({ operator }) => stage.operators.get(operator) ?? []))
      .map(operator => ({ stage, operator })),
  )
}

/** Whether any output of the operator goes anywhere. */
export const emits = ({ routes }: OperatorNode): boolean =>
  Object.values(routes).some(targets => targets.length > 0)

/**
 * Who beside the operator would do something again if a record came to the topic once more. Those of its own stage find in
 * the journal and the state what they have done. A reader that emits nothing finds what it has written.
 */
export function disturbedBy(plan: Stages, node: string, topic: string): readonly string[] {
  return readersOf(plan, topic)
    .filter(({ stage, operator }) => !stage.operators.has(node) && emits(operator))
    .map(({ operator }) => operator.name)
}

/** Every topic that something comes to because of what the operator emits: at once, or through other operators. */
export function topicsBehind(plan: Stages, name: string): ReadonlySet<string> {
  const topics = new Set<string>()
  const seen = new Set<string>()
  const waiting = [name]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (seen.has(next)) continue
    seen.add(next)
    for (const route of Object.values(operatorOf(plan, next)?.routes ?? {}).flat()) {
      if (route.kind === 'operator') waiting.push(route.operator)
      else if (!topics.has(route.topic)) {
        topics.add(route.topic)
        waiting.push(...readersOf(plan, route.topic).map(({ operator }) => operator.name))
      }
    }
  }
  return topics
}
