/** Runs a command to its end; a failure carries what it printed. */
import { spawn } from 'node:child_process'
import type { User } from './process.ts'
import { StackError } from './stack-error.ts'

export interface CommandOptions {
  readonly user?: User | undefined
  readonly folder?: string
}

export function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: options.folder,
      ...options.user,
    })
    let printed = ''
    child.stdout.on('data', part => (printed += part))
    child.stderr.on('data', part => (printed += part))
    child.once('error', error => reject(new StackError(`cannot run ${command}: ${error.message}`)))
    child.once('close', status => {
      if (status === 0) resolve(printed)
      else reject(new StackError(`${command} ${args.join(' ')} failed:\n${printed.slice(-2_000)}`))
    })
  })
}
