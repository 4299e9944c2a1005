/**
 * `npm run dashboards -- write`: the JSON of every dashboard, from the code beside it.
 * `npm run dashboards -- render [--prometheus URL] [--minutes 15] [--out FOLDER]`: a picture of each, with live data.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { JSON_FOLDER } from './committed.ts'
import { DASHBOARDS, grafanaJson } from './grafana.ts'
import { pictures } from './pictures.ts'

const USAGE = 'usage: npm run dashboards -- write | render [--prometheus URL] [--minutes N] [--out FOLDER]'

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      prometheus: { type: 'string', default: 'http://127.0.0.1:19080' },
      minutes: { type: 'string', default: '15' },
      out: { type: 'string', default: '.local/dashboards' },
    },
  })
  const minutes = Number(values.minutes)
  if (positionals[0] === 'write') return write()
  if (positionals[0] !== 'render' || !(minutes > 0)) {
    console.error(USAGE)
    process.exitCode = 2
    return
  }
  const folder = resolve(values.out)
  for (const path of await pictures({ prometheus: values.prometheus, minutes, folder })) console.log(path)
}

function write(): void {
  mkdirSync(JSON_FOLDER, { recursive: true })
  for (const each of DASHBOARDS) writeFileSync(join(JSON_FOLDER, `${each.uid}.json`), grafanaJson(each))
}

await main()
