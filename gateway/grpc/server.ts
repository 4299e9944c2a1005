/** The gateway on gRPC: questions, the standard health service and reflection, on one port. */
import { fileURLToPath } from 'node:url'
import {
  logVerbosity,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  setLogVerbosity,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { ReflectionService } from '@grpc/reflection'
import { protoPath as healthProto } from 'grpc-health-check'
import type { System } from '#core/system.ts'
import { GENERATE_WAIT_MAX_MS } from '../handlers/generate.ts'
import { Problem } from '../problem.ts'
import { HealthService } from './health.ts'
import { LlmService, type LlmServiceOptions } from './llm-service.ts'

export interface GrpcServerOptions extends LlmServiceOptions {
  readonly host: string
  /** 0 takes any that is free. */
  readonly port: number
  /** Whether questions are taken. */
  isReady(): Promise<boolean>
}

export interface ServedGrpc {
  /** Where it listens, as clients name it. */
  readonly address: string
  /** Open calls end first, with a reason. */
  close(): Promise<void>
}

const LLM_SERVICE = 'caudal.v1.LLMService'
const HEALTH = 'grpc.health.v1.Health'
const REQUEST_BYTES_MAX = 1_000_000
const MINUTE_MS = 60_000
/** Clients connect again after it: so new gateways get their share, and a client that reads nothing is forgotten. */
const CONNECTION_AGE_MS = 30 * MINUTE_MS

const LIMITS = {
  'grpc.max_receive_message_length': REQUEST_BYTES_MAX,
  'grpc.max_concurrent_streams': 1_000,
  'grpc.keepalive_time_ms': 15_000,
  'grpc.keepalive_timeout_ms': 20_000,
  'grpc.max_connection_age_ms': CONNECTION_AGE_MS,
  'grpc.max_connection_age_grace_ms': GENERATE_WAIT_MAX_MS + MINUTE_MS,
  'grpc.enable_channelz': 0,
}

/** Rejects where nothing can be served there. */
export async function serveGrpc(options: GrpcServerOptions): Promise<ServedGrpc> {
  const { host, port, system, isReady } = options
  // What it would print is in the errors that it gives.
  setLogVerbosity(logVerbosity.NONE)
  const definition = loadSync([fileURLToPath(new URL('./llm-service.proto', import.meta.url)), healthProto], {
    keepCase: true,
    longs: String,
    enums: String,
    defaults: true,
    oneofs: true,
  })
  const server = new Server(LIMITS)
  const questions = new LlmService(options)
  const health = new HealthService({ services: [LLM_SERVICE], isReady, system })
  server.addService(serviceOf(definition, LLM_SERVICE), questions.handlers)
  server.addService(serviceOf(definition, HEALTH), health.handlers)
  new ReflectionService(definition).addToServer(server)
  const bound = await listen(server, addressOf(host, port))
  return {
    address: addressOf(host, bound),
    close: () => {
      health.stop()
      questions.end(new Problem('stopping', { retryAfterS: 1 }))
      return closed(server, system)
    },
  }
}

const addressOf = (host: string, port: number): string => `${host.includes(':') ? `[${host}]` : host}:${port}`

function serviceOf(definition: ReturnType<typeof loadSync>, name: string): ServiceDefinition {
  const found = definition[name]
  if (!found || 'format' in found) throw new TypeError(`no service ${name} in the protos`)
  return found
}

function listen(server: Server, address: string): Promise<number> {
  return new Promise((resolve, reject) =>
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    ),
  )
}

/** So long a client has, when the gateway stops, to take what ends its calls. */
const LEAVING_MS = 1_000

async function closed(server: Server, system: System): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const cancel = system.after(LEAVING_MS, resolve)
  server.tryShutdown(() => resolve())
  await promise
  cancel()
  server.forceShutdown()
}
