/** docs/your-own-on-kafka.md, followed to the letter on the local broker: its files, its commands, two pods and a second version. */
import { execFile, spawn } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { ROOT, readTexts } from '../tidy/source.ts'
import { projectsIn } from '../unit/docs-project.ts'
import { BROKERS } from './kafka.ts'
import { RUN, stackRuns } from './stack.ts'

const PAGE = readTexts().get('docs/your-own-on-kafka.md') ?? ''
const ENVIRONMENT = { PATH: process.env.PATH ?? '', KAFKA_BROKERS: BROKERS.join(','), LOG_LEVEL: 'error' }
const folder = join(ROOT, '.vitest', `your-own-${process.pid}`)
const running = new Set<Pod>()

afterEach(async () => {
  for (const pod of running) await pod.stop('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

/** The names of the page are those of every run; here each has its own. */
const renamed = (text: string) =>
  text.replaceAll("'first'", `'${RUN}first'`).replaceAll(/\('(words|totals)'/g, `('${RUN}$1'`)

function write(version: number): void {
  mkdirSync(folder, { recursive: true })
  for (const [name, code] of projectsIn(PAGE)[version] ?? []) writeFileSync(join(folder, name), renamed(code))
}

/** The shell blocks that the page has its reader run while the pods do. */
const blocks = [...PAGE.matchAll(/^```sh run\n([\s\S]*?)^```/gm)].map(([, code = '']) => code)

async function shell(code: string | undefined): Promise<string> {
  const command = `${process.execPath} ${join(ROOT, 'cli/caudal.js')}`
  const here = (code ?? 'false').replaceAll('npx caudal', command).replaceAll(/^export .*$/gm, '')
  const { stdout } = await promisify(execFile)('bash', ['-ec', here], { cwd: folder, env: ENVIRONMENT })
  return stdout
}

interface Pod {
  readonly url: string
  readonly said: () => string
  stop(signal: NodeJS.Signals): Promise<number | null>
}

function start(name: string, port: number): Pod {
  const env = { ...ENVIRONMENT, POD_NAME: name, PORT: `${port}` }
  const child = spawn(process.execPath, ['pod.ts'], { cwd: folder, env })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (said += chunk))
  const ended = new Promise<number | null>(resolve => child.once('close', resolve))
  const pod: Pod = {
    url: `http://127.0.0.1:${port}/ready`,
    said: () => said,
    stop: signal => {
      running.delete(pod)
      child.kill(signal)
      return ended
    },
  }
  running.add(pod)
  return pod
}

const isReady = ({ url, said }: Pod) =>
  expect
    .poll(() => fetch(url).then(({ status }) => status, String), { timeout: 60_000, message: said() })
    .toBe(200)

/** Ports of nobody else's; the page's own may be in use here. */
const [FIRST, SECOND] = [20_081, 20_082] as const

describe.skipIf(!(await stackRuns('kafka')))('the page docs/your-own-on-kafka.md', () => {
  it('leads to two pods, a look at them, and a second version that continues their work', async () => {
    write(0)
    const first = start('pod-1', FIRST)
    const second = start('pod-2', SECOND)
    await isReady(first)
    await isReady(second)
    expect(await shell('node send.ts')).toContain('ada 9')
    const [look, compare] = blocks
    await expect.poll(() => shell(look), { timeout: 60_000 }).toContain('total = 9')
    write(1)
    expect(await shell(compare)).toMatch(/^safe +/m)
    expect(await second.stop('SIGTERM'), second.said()).toBe(0)
    const newer = start('pod-2', SECOND)
    await isReady(newer)
    expect(await first.stop('SIGTERM'), first.said()).toBe(0)
    const other = start('pod-1', FIRST)
    await isReady(other)
    await expect
      .poll(() => shell('npx caudal state get steps ada --graph ./words.ts || true'), { timeout: 60_000 })
      .toBe('taken = 2\n')
    expect(await shell('npx caudal state get count ada --graph ./words.ts')).toBe('total = 9\n')
    expect(await other.stop('SIGTERM'), other.said()).toBe(0)
    expect(await newer.stop('SIGTERM'), newer.said()).toBe(0)
  }, 400_000)
})
