/** What an endpoint is sent: the request in its words, without the parameters that the model has refused before. */
import type { ModelRequest } from './model.ts'
import { refusedParameter } from './openai-errors.ts'

/** OpenAI's reasoning models take neither; most other endpoints know no other name for the first. */
const REFUSABLE = ['max_tokens', 'temperature'] as const
type Refusable = (typeof REFUSABLE)[number]

/** Learned from refusals and kept for the life of a provider: a list of models would be out of date with the next one. */
export class RefusedParameters {
  readonly #byModel = new Map<string, Set<Refusable>>()

  takes(model: string, parameter: Refusable): boolean {
    return !this.#byModel.get(model)?.has(parameter)
  }

  /** Whether the refusal of this body named a parameter that the next one will leave out. */
  learn(body: ReturnType<typeof bodyOf>, error: unknown): boolean {
    const sent = REFUSABLE.filter(name => name in body)
    const parameter = refusedParameter(error, sent)
    if (!parameter) return false
    const refused = this.#byModel.get(body.model) ?? new Set()
    this.#byModel.set(body.model, refused.add(parameter))
    return true
  }
}

export function bodyOf(
  { messages, schema, temperature, tokensMax, hints }: ModelRequest,
  model: string,
  refused: RefusedParameters,
) {
  const limited = tokensMax !== undefined
  const byNewName = limited && !refused.takes(model, 'max_tokens')
  return {
    model,
    messages: messages.map(({ role, content }) => ({ role, content })),
    ...(temperature === undefined || !refused.takes(model, 'temperature') ? {} : { temperature }),
    ...(limited && !byNewName ? { max_tokens: tokensMax } : {}),
    ...(byNewName ? { max_completion_tokens: tokensMax } : {}),
    ...(schema && {
      response_format: {
        type: 'json_schema' as const,
        json_schema: { name: schema.name, strict: true, schema: { ...schema.schema } },
      },
    }),
    ...(hints ? { caudal: hints } : {}),
  }
}
