/** A real Prometheus and a real Alertmanager, and a receiver that keeps what the Alertmanager sends. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
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
  /** What was sent last of each alert, by all of its labels. */
  readonly #last = new Map<string, Notice>()
  readonly #fired = new Set<string>()
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

  /** Scrapes the address each second. */
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
    await expect.poll(() => this.value('count(caudal_pod_info)'), { timeout: 30_000 }).toBe(1)
  }

  /** Resolves when what the Alertmanager has sent of it leaves it so. */
  async sent(alert: string, status: Status, withinMs = 60_000): Promise<void> {
    await expect
      .poll(() => this.#statusOf(alert), { timeout: withinMs, message: `${alert} is ${status}` })
      .toBe(status)
  }

  /** Alerts that have fired and are over. */
  get complete(): readonly string[] {
    return [...this.#fired].filter(alert => this.#statusOf(alert) === 'resolved').sort()
  }

  /** An alert fires while it does for any labels; nothing where it was never sent. */
  #statusOf(alert: string): Status | undefined {
    const statuses = [...this.#last.values()]
      .filter(({ labels }) => labels.alertname === alert)
      .map(({ status }) => status)
    return statuses.includes('firing') ? 'firing' : statuses[0]
  }

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
    for (const notice of alerts) {
      this.#last.set(JSON.stringify(notice.labels), notice)
      if (notice.status === 'firing') this.#fired.add(notice.labels.alertname)
    }
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
