/** The traces of a process: written where the settings name a collector, and nothing at all elsewhere. */
import type { Interceptor } from '#core/interceptor.ts'
import { decoded } from '#core/secrets.ts'
import type { System } from '#core/system.ts'
import { versionOfThis } from './command/version.ts'
import type { Configuration } from './configuration.ts'

export interface OpenTraces extends AsyncDisposable {
  /** For pods; nothing where no trace is written. */
  readonly interceptor: Interceptor | undefined
}

const NONE: OpenTraces = { interceptor: undefined, [Symbol.asyncDispose]: async () => undefined }

/** Spans are written from here on. Disposing of it sends what is left, for two seconds at most. */
export async function openTraces(configuration: Configuration, system: System): Promise<OpenTraces> {
  const { otlpEndpoint: endpoint, otlpHeaders, traceShare: share, application, podName } = configuration
  if (endpoint === '') return NONE
  // Loaded only where there is a collector.
  const { otlpSink } = await import('#observability/traces/otlp.ts')
  const { Traces } = await import('#observability/traces/traces.ts')
  const resource = {
    'service.name': application,
    'service.version': versionOfThis(),
    'service.instance.id': podName,
  }
  const collector = otlpSink({ system, endpoint, headers: headersIn(otlpHeaders), resource })
  const traces = new Traces({ system, sink: collector.sink, share })
  traces.start()
  return {
    interceptor: traces.interceptor,
    [Symbol.asyncDispose]: async () => {
      traces[Symbol.dispose]()
      await collector[Symbol.asyncDispose]()
    },
  }
}

/** `NAME=VALUE`, more of them after commas, as OpenTelemetry writes headers in the environment. */
function headersIn(text: string): Readonly<Record<string, string>> {
  const pairs = text.split(',').flatMap(pair => {
    const [, name, value] = /^\s*([^=\s]+)\s*=(.*)$/.exec(pair) ?? []
    return name === undefined || value === undefined ? [] : [[name, decoded(value.trim())] as const]
  })
  return Object.fromEntries(pairs)
}
