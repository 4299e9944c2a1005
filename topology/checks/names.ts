/** Names: legal for Kafka, unique, clear of the engine's own, and free of what would make state ambiguous. */
import { type Fault, unless } from '../fault.ts'
import { DELAY_STAGE, deadLetterTopicOf, stateTopicOf, topologyTopicOf } from '../names.ts'
import { stageGroups, stageNameOf } from '../stages.ts'
import type { OperatorNode, Topology } from '../topology.ts'

const NAME = /^[A-Za-z0-9_-]{1,100}$/
const NAME_RULE = 'use 1 to 100 of the characters A-Z a-z 0-9 _ -'
const TOPIC_NAME = /^[A-Za-z0-9._-]{1,249}$/

/** Names that are illegal, repeated, reserved, or too much alike. */
export function nameFaults(topology: Topology): readonly Fault[] {
  return [
    ...unless(NAME.test(topology.name), topology.name, 'is no legal application name', NAME_RULE),
    ...topology.topics.flatMap(topic => topicNameFaults(topology.name, topic.name)),
    ...repeated(topology.topics.map(topic => topic.name)).map(name => ({
      node: name,
      problem: 'is declared as a topic more than once',
      remedy: 'declare it once and use its handle everywhere',
    })),
    ...lookalikes(topology),
    ...topology.operators.flatMap(operatorNameFaults),
    ...repeated(topology.operators.map(node => node.name)).map(name => ({
      node: name,
      problem: 'is the name of more than one operator',
      remedy: "give each its own, as in process('name', operator)",
    })),
    ...stageNameFaults(topology),
    ...stateNameFaults(topology),
  ]
}

function topicNameFaults(application: string, name: string): readonly Fault[] {
  const legal = TOPIC_NAME.test(name) && name !== '.' && name !== '..'
  const inner = name.startsWith(`${application}.`) ? name.slice(application.length + 1) : ''
  const own = [deadLetterTopicOf(application), topologyTopicOf(application)]
  const reserved = own.includes(name) || /^delay\.|.\.state$/.test(inner)
  return [
    ...unless(
      legal,
      name,
      'is no legal topic name',
      "use 1 to 249 of the characters A-Z a-z 0-9 . _ -, but not '.' or '..' alone",
    ),
    ...unless(!reserved, name, "is a name of the engine's own topics", 'rename the topic'),
  ]
}

/** Kafka refuses a topic whose name differs from another's only in having `.` where that has `_`. */
function lookalikes(topology: Topology): readonly Fault[] {
  const internal = [...stageGroups(topology).map(stageNameOf), DELAY_STAGE].map(stage =>
    stateTopicOf(topology.name, stage),
  )
  const declared = topology.topics.map(topic => topic.name)
  const own = [...internal, deadLetterTopicOf(topology.name), topologyTopicOf(topology.name)]
  const all = new Set([...own, ...declared])
  const seen = new Map<string, string>()
  return [...all].flatMap(name => {
    const folded = name.replaceAll('.', '_')
    const other = seen.get(folded)
    seen.set(folded, name)
    const problem = `differs from ${other} only in '.' and '_', which Kafka refuses`
    return unless(other === undefined, name, problem, 'rename the topic')
  })
}

function operatorNameFaults(node: OperatorNode): readonly Fault[] {
  const { outputs, inputs, state, timers, steps } = node.operator
  const inner = [outputs, inputs, state, steps].flatMap(declared => Object.keys(declared)).concat(timers)
  const illegal = [...new Set(inner)].filter(name => !NAME.test(name))
  const stored = [...Object.keys(state), ...new Set(timers)]
  return [
    ...unless(NAME.test(node.name), node.name, 'is no legal operator name', NAME_RULE),
    ...unless(
      node.name !== DELAY_STAGE,
      node.name,
      "is the name of the engine's own stage",
      'rename the operator',
    ),
    ...illegal.map(name => ({
      node: node.name,
      problem: `'${name}' is no legal name of an input, output, state, timer or step`,
      remedy: NAME_RULE,
    })),
    ...repeated(stored).map(name => ({
      node: node.name,
      problem: `'${name}' is a state and a timer at once`,
      remedy: 'rename one: both are known across versions by this name',
    })),
  ]
}

/** Explicit names of stages: legal, one for a stage, and no other stage's name. */
function stageNameFaults(topology: Topology): readonly Fault[] {
  const groups = stageGroups(topology)
  const given = groups.map(group => [...new Set(group.flatMap(({ stage }) => stage ?? []))])
  return [
    ...given.flat().flatMap(name => unless(NAME.test(name), name, 'is no legal name of a stage', NAME_RULE)),
    ...unless(
      !given.flat().includes(DELAY_STAGE),
      DELAY_STAGE,
      "is the name of the engine's own stage",
      'rename the stage',
    ),
    ...given
      .filter(names => names.length > 1)
      .map(([first = '', ...others]) => ({
        node: first,
        problem: `is one stage with ${others.join(', ')}, as no topic lies between their operators`,
        remedy: 'give it one name',
      })),
    ...repeated(groups.map(stageNameOf))
      .filter(name => given.flat().includes(name))
      .map(name => ({
        node: name,
        problem: 'is the name of more than one stage',
        remedy: 'give each its own; a stage without an explicit name is called like its first operator',
      })),
  ]
}

/** Dropping and renaming speak of `operator.state` names; what is dropped or renamed away must not be in use. */
function stateNameFaults(topology: Topology): readonly Fault[] {
  const declared = new Set(
    topology.operators.flatMap(node =>
      [...Object.keys(node.operator.state), ...node.operator.timers].map(name => `${node.name}.${name}`),
    ),
  )
  const renames = Object.entries(topology.renamedState)
  const gone = [...topology.droppedState, ...renames.map(([from]) => from)]
  const stillInUse = 'remove the declaration, or this instruction'
  return [
    ...gone.flatMap(name => [
      ...unless(
        /^[\w-]+\.[\w-]+$/.test(name),
        name,
        'is no name of stored state',
        "write it as 'operator.state'",
      ),
      ...unless(!declared.has(name), name, 'is dropped or renamed away, but is declared', stillInUse),
    ]),
    ...renames.flatMap(([from, to]) =>
      unless(
        declared.has(to),
        from,
        `is renamed to ${to}, which no operator declares`,
        'name a declared state or timer',
      ),
    ),
    ...repeatedNameFaults(gone, renames),
  ]
}

function repeatedNameFaults(
  gone: readonly string[],
  renames: readonly (readonly [from: string, to: string])[],
): readonly Fault[] {
  return [
    ...repeated(gone).map(name => ({
      node: name,
      problem: 'is dropped or renamed more than once',
      remedy: 'keep one of these instructions',
    })),
    ...repeated(renames.map(([, to]) => to)).map(name => ({
      node: name,
      problem: 'is the new name of several states',
      remedy: 'keep one and drop the others',
    })),
  ]
}

/** The names that occur more than once, each once. */
function repeated(names: readonly string[]): readonly string[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))]
}
