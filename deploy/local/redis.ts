/** Redis, keeping its data in an append-only file. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { HOST, PORTS, REDIS_URL } from './addresses.ts'
import { missingRedis } from './prerequisites.ts'
import type { Service } from './service.ts'

export function redis(root: string): Service {
  const dataFolder = join(root, 'redis')
  return {
    name: 'redis',
    address: REDIS_URL,
    missing: missingRedis,
    prepare: async () => void mkdirSync(dataFolder, { recursive: true }),
    processes: [
      {
        name: 'redis',
        command: 'redis-server',
        // Redis rewrites its command line to program and address, so this is what marks it.
        mark: `${HOST}:${PORTS.redis}`,
        arguments: [
          '--bind',
          HOST,
          '--port',
          String(PORTS.redis),
          '--dir',
          dataFolder,
          '--appendonly',
          'yes',
        ],
        pidFile: join(root, 'pids', 'redis.pid'),
        logFile: join(root, 'logs', 'redis.log'),
        port: PORTS.redis,
        readyWithinMs: 10_000,
      },
    ],
    dataFolder,
  }
}
