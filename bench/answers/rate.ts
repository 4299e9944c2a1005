/** Calls that were answered in a time, and the CPU time that the caller used for them. */
import { readFileSync } from 'node:fs'
import { pause } from '../measuring.ts'
import type { ProviderProcess } from './provider-process.ts'

export interface Rate {
  readonly callsPerSecond: number
  /** 0 if the system does not report it. */
  readonly cpuMsPerCall: number
}

/** Calls are counted where they are answered, so that the figure is the same for every caller. */
export async function rateOf(
  provider: ProviderProcess,
  pid: number | undefined,
  durationMs: number,
): Promise<Rate> {
  const before = { at: performance.now(), bought: await provider.count(), cpuMs: cpuMsOf(pid) }
  await pause(durationMs)
  const after = { at: performance.now(), bought: await provider.count(), cpuMs: cpuMsOf(pid) }
  const calls = after.bought - before.bought
  return {
    callsPerSecond: (calls / (after.at - before.at)) * 1_000,
    cpuMsPerCall: calls === 0 ? 0 : (after.cpuMs - before.cpuMs) / calls,
  }
}

const TICK_MS = 10

/** User and system time of a process, all threads together: fields 14 and 15 of proc(5), counted behind the command's name. */
function cpuMsOf(pid: number | undefined): number {
  if (pid === undefined || process.platform !== 'linux') return 0
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

export function told({ callsPerSecond, cpuMsPerCall }: Rate): string {
  return `${Math.round(callsPerSecond).toLocaleString('en')} calls/s, ${cpuMsPerCall.toFixed(2)} ms CPU a call`
}
