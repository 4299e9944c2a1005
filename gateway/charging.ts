/** How the questions of a call are counted: before the call, and given back where they were not taken or were counted before. */
import type { Answer, Call, Gateway, Operation } from './operation.ts'
import { Problem, type ProblemCode } from './problem.ts'
import type { Rates } from './rates.ts'

/** Runs the operation, unless the questions of the day are used up. */
export async function runCharged(
  operation: Operation,
  gateway: Gateway,
  input: object,
  call: Call,
  rates: Rates | undefined,
): Promise<Answer> {
  const count = questionsIn(operation, input)
  const charge = await rates?.questions(call.caller.organization, count)
  if (charge instanceof Problem) return charge
  let isRepeated = false
  const repeats = () => {
    isRepeated = true
  }
  const answer = await operation.run(gateway, input, { ...call, repeats })
  const refused = isRepeated ? count : refusedIn(answer, count)
  if (refused > 0) await charge?.giveBack(refused)
  return answer
}

/** How many questions a call asks. */
function questionsIn({ scope }: Operation, input: object): number {
  if (scope !== 'ask') return 0
  return 'items' in input && Array.isArray(input.items) ? input.items.length : 1
}

/** After these problems a question was taken, or nobody knows: it stays counted. */
const TAKEN: readonly ProblemCode[] = [
  ...(['log_unavailable', 'stopping', 'internal'] as const),
  ...(['not_in_time', 'question_failed'] as const),
]

/** Of the questions of a call, how many were not taken. */
function refusedIn(answer: Answer, count: number): number {
  if (answer instanceof Problem) return TAKEN.includes(answer.code) ? 0 : count
  return answer.kind === 'accepted' ? (answer.refusedCount ?? 0) : 0
}
