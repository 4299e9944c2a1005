#!/usr/bin/env node
/**
 * The way in for any Node from 20 on. The project is TypeScript that Node 24 runs as it is: an older Node starts the
 * Node 24 that was installed with the project, hands it its terminal and its signals, and ends as it ends.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import module, { createRequire } from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MAJOR = 24
const entry = fileURLToPath(import.meta.url)

if (Number(process.versions.node.split('.')[0]) >= MAJOR) {
  // Without it each start strips and compiles some hundred files again, which is half of the time that it takes.
  module.enableCompileCache()
  await import('./caudal.ts')
} else runElsewhere(bundledNode())

function bundledNode() {
  const require = createRequire(import.meta.url)
  try {
    const path = join(dirname(require.resolve('node/package.json')), 'bin', 'node')
    if (existsSync(path)) return path
  } catch {
    // Told below: it is the same to a user whether the package or its program is missing.
  }
  process.stderr.write(
    `caudal runs on Node ${MAJOR}; this is ${process.version}, and the one that comes with the project is not installed.\n` +
      'Run npm ci without --ignore-scripts, or use a newer Node.\n',
  )
  process.exit(1)
}

function runElsewhere(node) {
  // The channel tells the child when this process is gone without a signal, so that it does not stay behind.
  const stdio = ['inherit', 'inherit', 'inherit', 'ipc']
  const child = spawn(node, [entry, ...process.argv.slice(2)], { stdio })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.once('error', error => {
    process.stderr.write(`${node} does not start: ${error.message}\n`)
    process.exit(1)
  })
  child.once('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)))
}
