/** What a pod tells over HTTP, served where the settings say: its probes and its metrics. */
import { CaudalError, reasonOf } from '#core/errors.ts'
import type { Logger } from '#core/loggers.ts'
import type { System } from '#core/system.ts'
import { type AnyRoute, serveHttp } from '#observability/http-server.ts'
import { Metrics, type Pool, type Provider } from '#observability/metrics/metrics.ts'
import { Probes, type Watched } from '#observability/probes.ts'
import type { Configuration } from './configuration.ts'

export interface ProbeOptions {
  readonly system: System
  readonly logger: Logger
}

export interface ServedProbes extends AsyncDisposable {
  /** The pod was started: from here on the answers are about it. */
  watch(pipeline: Served): void
}

/** A pod with the gates before its models, and its stores. */
export interface Served extends Watched {
  readonly providers?: readonly Provider[]
  readonly stores?: { readonly pools: readonly Pool[] }
}

/** What a process tells about itself, for the server of its one port. */
export interface OwnRoutes extends Disposable {
  readonly routes: readonly AnyRoute[]
  /** The pod was started: from here on the answers are about it. */
  watch(pipeline: Served): void
}

/** Probes and metrics. Counts begin here, before a pod starts, so that nothing is missed. */
export function ownRoutes(
  { dataFolder }: Configuration,
  { system }: Pick<ProbeOptions, 'system'>,
): OwnRoutes {
  const probes = new Probes(system)
  const metrics = new Metrics({ system, dataFolder })
  metrics.start()
  return {
    routes: [...probes.routes, metricsRoute(metrics)],
    watch: pipeline => {
      probes.watch(pipeline)
      metrics.watch(pipeline.providers ?? [], pipeline.stores?.pools)
    },
    [Symbol.dispose]: () => metrics[Symbol.dispose](),
  }
}

/** The routes of a pod that serves nothing else. */
export async function serveProbes(
  configuration: Configuration,
  { system, logger }: ProbeOptions,
): Promise<ServedProbes> {
  const own = ownRoutes(configuration, { system })
  const server = await listening(configuration, port =>
    serveHttp({ host: configuration.host, port, routes: own.routes }),
  )
  logger.info('live and ready are served', { url: server.url })
  return {
    watch: own.watch,
    [Symbol.asyncDispose]: async () => {
      own[Symbol.dispose]()
      await server.close()
    },
  }
}

export const metricsRoute = (metrics: Metrics): AnyRoute => ({
  path: '/metrics',
  method: 'GET',
  answer: async () => ({ status: 200, ...(await metrics.scrape()) }),
})

/**
 * A port that nobody chose may be another process's of this machine: then it is any that is free. Rejects with
 * CONFIGURATION_INVALID where nothing can be served.
 */
export async function listening<T>(
  { host, port, given }: Configuration,
  listen: (port: number) => Promise<T>,
): Promise<T> {
  try {
    return await listen(port)
  } catch (error) {
    const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
    if (isTaken && !given.has('port')) return listen(0)
    const faults = `HOST ${host}, PORT ${port}: nothing can be served there: ${reasonOf(error)}`
    throw new CaudalError('CONFIGURATION_INVALID', { faults }, error)
  }
}
