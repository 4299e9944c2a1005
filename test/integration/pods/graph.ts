/**
 * The graph of the fault tests: one stateful stage with a paid call behind a durable step, and a loop through a topic.
 * The expected results are beside it. The chain of a key depends on every question before, so a lost, doubled or reordered question
 * shows in all later ones.
 */
import { codec } from '#core/codec.ts'
import type { StepCall } from '#core/context.ts'
import { operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import { seedOf } from '#testing/seeded-random.ts'
import { topology } from '#topology/builder.ts'
import type { Topology } from '#topology/topology.ts'

export interface Question {
  readonly id: string
  readonly key: string
}
export interface Round extends Question, Total {
  readonly round: number
}
/** Of the questions of a key, in their order. */
export interface Total {
  readonly count: number
  readonly chain: number
}
/** Of the rounds of a key, in any order: those of several questions overtake each other. */
export interface Rounds {
  readonly count: number
  readonly sum: number
}
export interface Answer extends Round {
  /** What the model answered in the last round. */
  readonly reply: string
  /** Who wrote it. */
  readonly pod: string
}

export const TOPICS = { questions: 'questions', rounds: 'rounds', answers: 'answers' } as const
export const OPERATOR = 'answer'

export const question = codec.json<Question>('question')
export const round = codec.json<Round>('round')
export const answer = codec.json<Answer>('answer')
export const total = codec.json<Total>('total')
export const rounds = codec.json<Rounds>('rounds')
const reply = codec.json<string>('reply')

export interface GraphOptions {
  /** Also the prefix of the topics, so that many runs share a cluster. */
  readonly application: string
  readonly pod: string
  readonly partitions: number
  readonly inFlightMax: number
  readonly timeoutMs: number
  /** The paid call. */
  readonly ask: (asked: Round, call: Pick<StepCall, 'id' | 'signal'>) => Promise<string>
}

export function topicOf(application: string, topic: keyof typeof TOPICS): string {
  return `${application}.${TOPICS[topic]}`
}

export function graphOf(options: GraphOptions): Topology {
  return draw(options).graph.build()
}

/** Not built yet, with the topic that a later version may go on from. */
export function draw({ application, partitions, ...options }: GraphOptions) {
  const graph = topology(application)
  const fresh = graph.source(topicOf(application, 'questions'), {
    value: question,
    partitions,
    partitionedByKey: true,
  })
  const again = graph.topic(topicOf(application, 'rounds'), { value: round, partitions })
  const answers = graph.topic(topicOf(application, 'answers'), { value: answer, partitions })
  graph
    .process(
      OPERATOR,
      answering(options),
      { fresh, again },
      { endsBecause: 'each passage spends an attempt' },
    )
    .on('again')
    .to(again)
    .on('answered')
    .to(answers)
  return { graph, answers }
}

function answering({ pod, inFlightMax, timeoutMs, ask }: Omit<GraphOptions, 'application' | 'partitions'>) {
  return operator({
    name: OPERATOR,
    inputs: { fresh: question, again: round },
    outputs: { again: round, answered: answer },
    state: { total: state.value(total), rounds: state.value(rounds) },
    steps: { ask: reply },
    limits: { inFlightMax, timeout: timeoutMs },
    async process(record, ctx) {
      const { state } = ctx
      const now: Round =
        record.input === 'again'
          ? record.value
          : { ...record.value, ...follow(state.total.get(), record.value.id), round: 1 }
      const got = await ctx.step('ask', call => ask(now, call))
      if (record.input === 'fresh') state.total.set({ count: now.count, chain: now.chain })
      state.rounds.set(addRound(state.rounds.get(), now))
      if (now.round < roundsOf(now.id)) ctx.emit('again', { ...now, round: now.round + 1 })
      else ctx.emit('answered', { ...now, reply: got, pod })
    },
  })
}

// --- What must come out ------------------------------------------------------------------------------------------

/** Three of four questions take one round, the others two or three. */
export function roundsOf(id: string): number {
  const draw = (seedOf(1, id) >>> 0) % 8
  return draw < 6 ? 1 : draw - 4
}

export function follow(before: Total | undefined, id: string): Total {
  return { count: (before?.count ?? 0) + 1, chain: seedOf(before?.chain ?? 0, id) }
}

export function addRound(before: Rounds | undefined, { id, round: number }: Round): Rounds {
  const own = seedOf(number, id) >>> 0
  return { count: (before?.count ?? 0) + 1, sum: ((before?.sum ?? 0) + own) >>> 0 }
}

export function replyTo(id: string, number: number): string {
  return `${id} in round ${number}: ${seedOf(2, `${id}/${number}`) >>> 0}`
}
