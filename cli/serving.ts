/** What a process tells over HTTP, served where the settings say: so far the probes of a pod. */
import { CaudalError, reasonOf } from '#core/errors.ts'
import type { Logger } from '#core/operator.ts'
import type { System } from '#core/system.ts'
import { type HttpServer, type Route, serveHttp } from '#observability/http-server.ts'
import { Probes, type Watched } from '#observability/probes.ts'
import type { Configuration } from './configuration.ts'

export interface ProbeOptions {
  readonly system: System
  readonly logger: Logger
}

export interface ServedProbes extends AsyncDisposable {
  /** The pod was started: from here on the answers are about it. */
  watch(pipeline: Watched): void
}

export async function serveProbes(
  configuration: Configuration,
  { system, logger }: ProbeOptions,
): Promise<ServedProbes> {
  const probes = new Probes(system)
  const server = await serveRoutes(configuration, probes.routes)
  logger.info('live and ready are told', { url: server.url })
  return { watch: pipeline => probes.watch(pipeline), [Symbol.asyncDispose]: server.close }
}

function serveRoutes(configuration: Configuration, routes: readonly Route[]): Promise<HttpServer> {
  return listening(configuration, port => serveHttp({ host: configuration.host, port, routes }))
}

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
