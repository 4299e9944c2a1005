/** The port of gRPC, where the settings name one. Its libraries are loaded only then. */
import { CaudalError, reasonOf } from '#core/errors.ts'
import type { GrpcServerOptions, ServedGrpc } from '#gateway/grpc/server.ts'
import type { Configuration } from './configuration.ts'

/** Rejects with CONFIGURATION_INVALID where nothing can be served there. */
export async function openGrpc(
  { given, host, grpcPort: port }: Configuration,
  options: Omit<GrpcServerOptions, 'host' | 'port'>,
): Promise<ServedGrpc | undefined> {
  if (!given.has('grpcPort')) return undefined
  const { serveGrpc } = await import('#gateway/grpc/server.ts')
  try {
    return await serveGrpc({ ...options, host, port })
  } catch (error) {
    const faults = `HOST ${host}, GRPC_PORT ${port}: nothing can be served there: ${reasonOf(error)}`
    throw new CaudalError('CONFIGURATION_INVALID', { faults }, error)
  }
}
