/** The embedded log: one process, durable on disk. `import { openEmbeddedLog } from 'caudal/embedded'`. */

export { type LogServer, serveLog } from '#engine/log/socket/index.ts'
export { type EmbeddedLog, type EmbeddedLogOptions, openEmbeddedLog } from './embedded-log.ts'
