/** What a process that runs the pipeline serves over HTTP beside it. */
import type { Logger } from '#core/loggers.ts'
import type { System } from '#core/system.ts'
import type { Configuration } from '../configuration.ts'
import { serveGateway } from '../gateway.ts'
import { isEmbedded } from '../parts.ts'
import type { Pipeline } from '../pipeline.ts'
import { ownRoutes, serveProbes } from '../serving.ts'

export interface FrontOptions {
  readonly system: System
  readonly logger: Logger
  /** Ends when everything is answered, instead of serving on. */
  readonly exit: boolean
}

/** What the process serves over HTTP: a run that ends by itself takes no questions, and on Kafka it is probed all the same. */
export interface Front extends AsyncDisposable {
  /** Where questions are taken, and from whom. */
  readonly line?: string
  open(pipeline: Pipeline): Promise<AsyncDisposable | undefined>
}

/** Nothing for a run in one process that ends by itself. */
export async function frontOf(
  configuration: Configuration,
  options: FrontOptions,
): Promise<Front | undefined> {
  if (!options.exit) {
    const own = ownRoutes(configuration, options)
    const gateway = await serveGateway(configuration, { ...options, routes: own.routes })
    return {
      line: gateway.line,
      open: pipeline => {
        own.watch(pipeline)
        return gateway.open(pipeline)
      },
      [Symbol.asyncDispose]: async () => {
        own[Symbol.dispose]()
        await gateway[Symbol.asyncDispose]()
      },
    }
  }
  if (isEmbedded(configuration)) return undefined
  const probes = await serveProbes(configuration, options)
  return {
    open: async pipeline => {
      probes.watch(pipeline)
      return undefined
    },
    [Symbol.asyncDispose]: () => probes[Symbol.asyncDispose](),
  }
}
