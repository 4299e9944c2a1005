/**
 * The image as a cluster would run it. Buildah builds it out of the Dockerfile, on bases that are made on the spot. Podman and
 * runc run it as a user without rights, on a root that is read only.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildBases, buildCaudal } from '#deploy/k8s/images/bases.ts'
import { missingBuildah } from '#deploy/k8s/images/buildah.ts'
import { summaryOf } from '../../cli/process.ts'
import { freePort } from '../free-port.ts'
import { CONFINED, type Container, Containers } from './containers.ts'

const IMAGE = 'localhost/caudal:tested'
const MEGABYTE = 1e6
/** Half a minute where nothing else runs; packages may have to be fetched. */
const BUILD_WITHIN_MS = 900_000
/** Of an image in all, less what Debian's slim image has. */
const OWN_BYTES_MAX = (260 - 75) * MEGABYTE
/** A machine that does other work beside it takes several times the 1.5 s that are aimed at. */
const LIVE_WITHIN_MS = 15_000
/** After its longest call; the aim is 2 s, on a machine that does nothing else. */
const END_WITHIN_MS = 30_000
const CALL_MS = 3_000
/** Of so many questions, so many are asked at the moment of the signal. */
const QUESTIONS = 1_500
const CALLS = 500

const missing = missingBuildah()
if (missing.length > 0 && process.env.REQUIRE_STACK === '1')
  throw new TypeError(`the image cannot be built and run, and must be: ${missing}`)
if (missing.length > 0) console.warn(`skipped: the image is not built and run here; ${missing}`)

describe.skipIf(missing.length > 0)('the image', () => {
  let containers: Containers
  beforeAll(async () => {
    containers = new Containers(IMAGE)
    await buildCaudal(IMAGE, await buildBases('localhost/caudal-base'))
  }, BUILD_WITHIN_MS)
  afterAll(async () => {
    await containers?.[Symbol.asyncDispose]()
  })

  it('takes at most 260 MB on a slim Debian', async () => {
    const [image, base] = await Promise.all(
      [IMAGE, 'localhost/caudal-base:runtime'].map(name =>
        containers.podman('image', 'inspect', '--format', '{{.Size}}', name),
      ),
    )
    expect(Number(image) - Number(base)).toBeLessThan(OWN_BYTES_MAX)
    // A size of nothing would be right too.
    expect(Number(image) - Number(base)).toBeGreaterThan(100 * MEGABYTE)
  })

  it('has one Node, and neither npm nor any development dependency', async () => {
    const names = "['node', 'npm', 'vitest', 'typescript', 'vite', 'kafkajs']"
    const script = `${names}.filter(name => fs.existsSync('node_modules/' + name + '/package.json')).join()`
    const words = ['run', '--rm', ...CONFINED, '--entrypoint', 'node', IMAGE, '-p', script]
    expect(await containers.podman(...words)).toBe('kafkajs')
  })

  it('reads what others have compressed: each native part finds its libraries', async () => {
    const parts = [
      'engine/log/kafka/compression.ts',
      'engine/state/lmdb-store.ts',
      'stores/semantic/vector-index.ts',
    ]
    const data = containers.createData()
    const lines = [...parts.map(part => `await import('/app/${part}')`), "console.log('loaded')"]
    writeFileSync(join(data, 'parts.mjs'), lines.join('\n'))
    const where = ['--volume', `${data}:/data`, '--entrypoint', 'node', IMAGE, '/data/parts.mjs']
    const words = ['run', '--rm', ...CONFINED, ...where]
    expect(await containers.podman(...words)).toBe('loaded')
  })

  it('runs live and ready, and answers a question and a browser, as a user without rights', async () => {
    const port = await freePort()
    const container = containers.start(['start'], containers.createData(), here(port))
    const url = `http://127.0.0.1:${port}`
    await expect.poll(() => statusOf(`${url}/live`), { timeout: 20_000, interval: 20 }).toBe(200)
    expect(Date.now() - (await startOf(container))).toBeLessThan(LIVE_WITHIN_MS)
    await expect.poll(() => statusOf(`${url}/ready`), { timeout: 20_000 }).toBe(200)
    // HEALTHCHECK, as podman runs it: rejects where it fails.
    await containers.podman('healthcheck', 'run', container.name)

    const page = await fetch(`${url}/console/`)
    expect(page.status).toBe(200)
    const html = await page.text()
    const [, script = ''] = /src="([^"]+\.ts)"/.exec(html) ?? []
    const code = await fetch(new URL(script, `${url}/console/`))
    expect(code.headers.get('content-type')).toContain('text/javascript')
    expect(await statusOf(`${url}/console/lib/lit-html/lit-html.js`)).toBe(200)

    const answer = await fetch(`${url}/query?wait=30s`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ title: 'What is a fuse for?' }),
    })
    expect(await answer.json()).toMatchObject({ state: 'delivered' })

    const whoami = "console.log(process.getuid(), process.pid); require('fs').writeFileSync('/app/x', '')"
    await expect(containers.podman('exec', container.name, 'node', '-e', whoami)).rejects.toThrow(/EROFS/)
    expect(await containers.podman('exec', container.name, 'node', '-p', 'process.getuid()')).toBe('1000')
    expect(await containers.podman('top', container.name, 'pid', 'args')).toMatch(/^1 +node cli\/caudal/m)

    container.process.kill('SIGTERM')
    expect((await container.ended).code).toBe(0)
  })

  it(`waits for ${CALLS} calls in flight, then ends with 0, each answer bought once`, async () => {
    const [modelPort, podPort] = [await freePort(), await freePort()]
    const model = containers.start(
      ['model-server', '--latency', String(CALL_MS), '--sigma', '0'],
      containers.createData(),
      here(modelPort),
    )
    await model.until(/Simulated model at/)
    const data = containers.createData()
    writeFileSync(join(data, 'questions.ndjson'), questions())
    const environment = {
      ...here(podPort),
      ...{ OPENAI_BASE_URL: `http://127.0.0.1:${modelPort}/v1`, LLM_MODEL: 'simulated' },
    }
    const fed = containers.start(['produce', '--once', '/data/questions.ndjson'], data, environment)
    expect((await fed.ended).code).toBe(0)
    const pod = containers.start([], data, environment)
    const stats = async () => JSON.parse(await (await fetch(`http://127.0.0.1:${modelPort}/stats`)).text())
    const inFlight = async (): Promise<number> => (await stats()).in_flight
    await expect.poll(inFlight, { timeout: 60_000, interval: 50 }).toBeGreaterThanOrEqual(CALLS)

    const asked = performance.now()
    pod.process.kill('SIGTERM')
    const { code } = await pod.ended
    expect(code).toBe(0)
    expect(performance.now() - asked).toBeLessThan(CALL_MS + END_WITHIN_MS)

    const rest = containers.start(
      ['start', '--exit', '--json', '--input', '/data/questions.ndjson'],
      data,
      environment,
    )
    const summary = summaryOf((await rest.ended).stdout)
    expect(summary).toMatchObject({ delivered: QUESTIONS, failed: 0 })
    expect(await stats()).toMatchObject({ bought_twice: 0 })
  })

  /** When podman started it. */
  async function startOf({ name }: Container): Promise<number> {
    return Date.parse(
      await containers.podman(
        'inspect',
        '--format',
        '{{.State.StartedAt.Format "2006-01-02T15:04:05.000Z07:00"}}',
        name,
      ),
    )
  }
})

const here = (port: number) => ({ HOST: '127.0.0.1', PORT: String(port) })

const questions = (): string =>
  Array.from({ length: QUESTIONS }, (_, index) =>
    JSON.stringify({
      id: `q-${index}`,
      title: `What is the number ${index} made of?`,
      best_answer: 'Of ones.',
    }),
  ).join('\n')

const statusOf = (url: string): Promise<number> =>
  fetch(url).then(
    async response => {
      await response.arrayBuffer()
      return response.status
    },
    () => 0,
  )
