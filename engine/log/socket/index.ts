/** A log that one process holds, for others of the same machine. */
export { connectLog } from './connect.ts'
export { type LogServer, serveLog } from './serve.ts'
