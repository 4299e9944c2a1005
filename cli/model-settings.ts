/** Settings of the model providers and of the way to them: rows of the table in `configuration.ts`. */
import { JUDGE_TOKENS_MAX } from '#answers/prompting.ts'
import { address, choice, file, key, number, type Row, text } from './setting-rows.ts'

export const MODEL_SETTINGS = {
  openAiApiKey: key('OPENAI_API_KEY', {
    default: '',
    description: 'Key of the model provider. Empty, with OPENAI_BASE_URL empty too: the simulated model.',
  }),
  openAiKeyHeader: choice<string>('OPENAI_API_KEY_HEADER', ['authorization', 'api-key', 'x-api-key'], {
    default: 'authorization',
    description:
      'Header that carries the key: authorization (as Bearer), api-key (Azure) or x-api-key. It holds for both endpoints.',
  }),
  openAiBaseUrl: address('OPENAI_BASE_URL', ['http', 'https'], {
    default: '',
    description:
      'Any endpoint that speaks the OpenAI API, up to and with its version. Empty: https://api.openai.com/v1 when there is a key.',
  }),
  model: text('LLM_MODEL', {
    default: '',
    description:
      'Model asked for where a task type names none. Empty: gpt-4o-mini, or simulated with the simulated model.',
  }),
  fallbackBaseUrl: address('OPENAI_FALLBACK_BASE_URL', ['http', 'https'], {
    default: '',
    description: 'A second endpoint, asked when the first is away or asks to be left alone. Empty: none.',
  }),
  fallbackApiKey: key('OPENAI_FALLBACK_API_KEY', {
    default: '',
    description: 'Key of the second endpoint.',
  }),
  fallbackModel: text('LLM_FALLBACK_MODEL', {
    default: '',
    description: 'Model asked for at the second endpoint. Empty: the same as at the first.',
  }),
  pricesFile: file('LLM_PRICES', {
    default: '',
    description:
      'Prices of models, as JSON: {"MODEL": {"prompt": 0.15, "completion": 0.6}}, US dollars for a million tokens. They go before the list prices that are known here.',
  }),
  judgeTokensMax: number('LLM_JUDGE_TOKENS_MAX', [50, 1_000_000], {
    default: JUDGE_TOKENS_MAX,
    unit: 'tokens',
    description: 'The longest verdict of a judge. A judge that reasons first needs more.',
  }),
  callTimeoutMs: number('LLM_TIMEOUT_MS', [100, 3_600_000], {
    default: 60_000,
    unit: 'ms',
    description: 'How long one call may take before it counts as failed.',
  }),
  httpProxy: address('HTTP_PROXY', ['http', 'https'], {
    default: '',
    alsoSmall: true,
    description:
      'Proxy for calls to model endpoints of http://, loopback included. It may carry user and password. Empty: they are called directly.',
  }),
  httpsProxy: address('HTTPS_PROXY', ['http', 'https'], {
    default: '',
    alsoSmall: true,
    description:
      'Proxy for calls to model endpoints of https://, through a tunnel that the proxy cannot read. Empty: they are called directly.',
  }),
  noProxy: text('NO_PROXY', {
    default: '',
    alsoSmall: true,
    description:
      'Hosts that are called without a proxy, with commas between: names, which hold for names below them too, addresses, host:port, or * for all.',
  }),
} as const satisfies Record<string, Row<unknown>>
