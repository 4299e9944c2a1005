/** Runs many seeds side by side on worker threads. A run is one process's worth of virtual time, so threads share nothing. */
import { Worker } from 'node:worker_threads'
import type { Verdict } from '../run-seed.ts'

/** One run to be made. */
export interface Errand {
  readonly scenario: string
  readonly seed: number
}

export interface CampaignOptions {
  readonly errands: readonly Errand[]
  readonly threads: number
  readonly onVerdict: (verdict: Verdict) => void
}

/** Resolves when every errand has its verdict; rejects when a thread dies. */
export async function runCampaign({ errands, threads, onVerdict }: CampaignOptions): Promise<void> {
  const waiting = [...errands].reverse()
  await Promise.all(Array.from({ length: Math.min(threads, errands.length) }, () => work(waiting, onVerdict)))
}

function work(waiting: Errand[], onVerdict: (verdict: Verdict) => void): Promise<void> {
  const worker = new Worker(new URL('./campaign-worker.ts', import.meta.url))
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const next = () => {
    const errand = waiting.pop()
    if (errand) worker.postMessage(errand)
    else worker.terminate().then(() => resolve(), reject)
  }
  worker.on('error', reject)
  worker.on('message', (verdict: Verdict) => {
    onVerdict(verdict)
    next()
  })
  next()
  return promise
}
