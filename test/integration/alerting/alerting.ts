/** A real Prometheus, a real Alertmanager, and a receiver that keeps the notices of the Alertmanager. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, vi } from 'vitest'
import { freePort } from '../free-port.ts'
import { lapsedRules } from './lapse.ts'

export type Status = 'firing' | 'resolved'

interface Notice {
  readonly status: Status
  readonly labels: { readonly alertname: string }
}

export class Alerting implements AsyncDisposable {
  readonly #folder: string = mkdtempSync(join(tmpdir(), 'caudal-alerts-'))
  readonly #children: ChildProcess[] = []
  /** The last notice of each alert, by all of its labels. */
  readonly #last = new Map<string, Notice>()
  readonly #receiver: Server
  #prometheus = ''

  constructor() {
    this.#receiver = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      this.#note(JSON.parse(Buffer.concat(chunks).toString()))
      response.end()
    })
  }

  /** Starts to scrape the address every second. */
  async start(target: string): Promise<void> {
    await new Promise<void>(resolve => this.#receiver.listen(0, '127.0.0.1', resolve))
    const { port: receiver } = this.#receiver.address() as AddressInfo // It listens on TCP.
    const [alertmanager, prometheus] = [await freePort(), await freePort()]
    this.#prometheus = `http://127.0.0.1:${prometheus}`
    this.#run('prometheus-alertmanager', [
      `--config.file=${this.#file('alertmanager.yml', routing(receiver))}`,
      `--storage.path=${this.#sub('alertmanager')}`,
      `--web.listen-address=127.0.0.1:${alertmanager}`,
      '--cluster.listen-address=',
    ])
    writeFileSync(join(this.#folder, 'rules.yml'), lapsedRules())
    this.#run('prometheus', [
      `--config.file=${this.#file('prometheus.yml', scraping(target, alertmanager))}`,
      `--storage.tsdb.path=${this.#sub('prometheus')}`,
      `--web.listen-address=127.0.0.1:${prometheus}`,
    ])
    const isScraped = async () => expect(await this.value('count(caudal_pod_info)')).toBe(1)
    await vi.waitFor(isScraped, { timeout: 30_000 })
  }

  /** Resolves when the notices of the Alertmanager leave the alert in this status. */
  async sent(alert: string, status: Status, withinMs = 60_000): Promise<void> {
    const isSent = () => expect(this.#statusOf(alert), alert).toBe(status)
    await vi.waitFor(isSent, { timeout: withinMs })
  }

  /** The alerts that fire now, by the notices of the Alertmanager. */
  get firing(): readonly string[] {
    const notices = [...this.#last.values()].filter(({ status }) => status === 'firing')
    return notices.map(({ labels }) => labels.alertname)
  }

  /** An alert fires while it fires for any labels; undefined where no notice came. */
  #statusOf(alert: string): Status | undefined {
    const statuses = [...this.#last.values()]
      .filter(({ labels }) => labels.alertname === alert)
      .map(({ status }) => status)
    return statuses.includes('firing') ? 'firing' : statuses[0]
  }

  /** The value of the first series of a query; undefined without one. */
  async value(expr: string): Promise<number | undefined> {
    const query = new URLSearchParams({ query: expr })
    const response = await fetch(`${this.#prometheus}/api/v1/query?${query}`).catch(() => undefined)
    const answer: unknown = await response?.json()
    const found = /"value":\[[\d.]+,"([^"]+)"\]/.exec(JSON.stringify(answer) ?? '')?.[1]
    return found === undefined ? undefined : Number(found)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#children.map(ended))
    await new Promise(resolve => this.#receiver.close(resolve))
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #note({ alerts }: { readonly alerts: readonly Notice[] }): void {
    for (const notice of alerts) this.#last.set(JSON.stringify(notice.labels), notice)
  }

  #run(command: string, words: readonly string[]): void {
    this.#children.push(spawn(command, [...words], { stdio: 'ignore' }))
  }

  #file(name: string, settings: object): string {
    const path = join(this.#folder, name)
    writeFileSync(path, JSON.stringify(settings))
    return path
  }

  #sub(name: string): string {
    const path = join(this.#folder, name)
    mkdirSync(path)
    return path
  }
}

const routing = (receiver: number) => ({
  route: {
    receiver: 'test',
    group_by: ['alertname'],
    group_wait: '0s',
    group_interval: '1s',
    repeat_interval: '1h',
  },
  receivers: [
    { name: 'test', webhook_configs: [{ url: `http://127.0.0.1:${receiver}/`, send_resolved: true }] },
  ],
})

const scraping = (target: string, alertmanager: number) => ({
  global: { scrape_interval: '1s', scrape_timeout: '900ms', evaluation_interval: '1s' },
  rule_files: ['rules.yml'],
  alerting: { alertmanagers: [{ static_configs: [{ targets: [`127.0.0.1:${alertmanager}`] }] }] },
  scrape_configs: [{ job_name: 'caudal', static_configs: [{ targets: [target] }] }],
})

function ended(child: ChildProcess): Promise<void> {
  return new Promise(resolve => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    child.once('exit', () => resolve())
    child.kill('SIGTERM')
  })
}
