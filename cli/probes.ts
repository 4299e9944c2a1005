/** The probes of a pod where the settings say. */
import { CaudalError, reasonOf } from '#core/errors.ts'
import type { Logger } from '#core/operator.ts'
import type { System } from '#core/system.ts'
import { Probes } from '#observability/probes.ts'
import type { Configuration } from './configuration.ts'

export interface ProbeOptions {
  readonly system: System
  readonly logger: Logger
}

/**
 * A port that nobody chose may be another pod's of this machine: then it is any that is free, and the log says which.
 */
export async function serveProbes(configuration: Configuration, options: ProbeOptions): Promise<Probes> {
  const { host, port, given } = configuration
  const probes = new Probes(options.system)
  const url = await probes.listen(host, port).catch(error => {
    const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
    if (isTaken && !given.has('port')) return probes.listen(host, 0)
    const faults = `HOST ${host}, PORT ${port}: nothing can be served there: ${reasonOf(error)}`
    throw new CaudalError('CONFIGURATION_INVALID', { faults }, error)
  })
  options.logger.info('live and ready are told', { url })
  return probes
}
