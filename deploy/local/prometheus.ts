/** Prometheus, scraping the pods of this machine by the rules that are deployed. It is started when it is named. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { HOST, PORTS, PROMETHEUS_URL } from './addresses.ts'
import { missingPrometheus } from './prerequisites.ts'
import type { Service } from './service.ts'

const RULES = resolve(import.meta.dirname, '../prometheus/rules.yml')
/** Where a pod listens unless PORT says otherwise. */
const POD_ADDRESS = `${HOST}:8080`

export function prometheus(root: string): Service {
  const dataFolder = join(root, 'prometheus')
  const configuration = join(dataFolder, 'prometheus.yml')
  return {
    name: 'prometheus',
    isOptional: true,
    address: PROMETHEUS_URL,
    missing: missingPrometheus,
    prepare: async () => {
      mkdirSync(join(dataFolder, 'targets'), { recursive: true })
      writeFileSync(configuration, configurationOf(join(dataFolder, 'targets')))
    },
    processes: [
      {
        name: 'prometheus',
        command: 'prometheus',
        mark: configuration,
        arguments: [
          `--config.file=${configuration}`,
          `--storage.tsdb.path=${join(dataFolder, 'data')}`,
          `--web.listen-address=${HOST}:${PORTS.prometheus}`,
          '--web.enable-lifecycle',
        ],
        pidFile: join(root, 'pids', 'prometheus.pid'),
        logFile: join(root, 'logs', 'prometheus.log'),
        port: PORTS.prometheus,
        readyWithinMs: 20_000,
      },
    ],
    dataFolder,
  }
}

export interface Scraping {
  readonly scrapeInterval?: string
  readonly pods?: readonly string[]
}

/** Further pods are named by files in the folder: `[{"targets": ["127.0.0.1:8081"]}]`. JSON is YAML too. */
export function configurationOf(
  targetsFolder: string,
  { scrapeInterval = '5s', pods = [POD_ADDRESS] }: Scraping = {},
): string {
  const settings = {
    global: { scrape_interval: scrapeInterval, evaluation_interval: scrapeInterval },
    rule_files: [RULES],
    scrape_configs: [
      {
        job_name: 'caudal',
        static_configs: [{ targets: pods }],
        file_sd_configs: [{ files: [join(targetsFolder, '*.json')], refresh_interval: scrapeInterval }],
      },
    ],
  }
  return `${JSON.stringify(settings, undefined, 2)}\n`
}
