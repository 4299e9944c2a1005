/**
 * Both packages, installed into an empty project as from a registry, on the Node that runs this and on Node 22. The examples of the
 * pages must compile and run. The test needs the registry of npm, for the dependencies and for Node 22.
 */
import { execFile } from 'node:child_process'
import { globSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pack } from '../../scripts/pack.ts'
import { firstBlock, page } from '../pages.ts'
import { ROOT } from '../tidy/source.ts'
import { projectsIn } from '../unit/docs-project.ts'

const execute = promisify(execFile)
const BYTES_MAX = 60 * 1024 * 1024
const INSTALL = ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']

const folder = mkdtempSync(join(tmpdir(), 'caudal-packages-'))
// Inside the clone: the compiler finds there what the packages depend on.
const built = join(ROOT, '.vitest', `packages-${process.pid}`)
const project = join(folder, 'project')
const older = join(folder, 'older')
let [engine = '', answers = '']: readonly string[] = []

beforeAll(async () => {
  ;[engine = '', answers = ''] = pack(built)
  manifest(project, { type: 'module' })
  manifest(older, { allowScripts: { node: true } })
  await run('npm', [...INSTALL, engine], project)
  await run('npm', [...INSTALL, 'node@22'], older)
})
afterAll(() => {
  rmSync(folder, { recursive: true })
  rmSync(built, { recursive: true })
})

it('caudal takes less than 60 MB with all of its dependencies', () => {
  const paths = globSync('**/*', { cwd: join(project, 'node_modules') })
  const bytes = paths.reduce((sum, path) => sum + lstatSync(join(project, 'node_modules', path)).size, 0)
  expect(bytes).toBeLessThan(BYTES_MAX)
})

it('caudal brings no Node, no client of a model and no reader of CSV', async () => {
  // npm ls ends with 1 where it finds none of them.
  const listed = await run('npm', ['ls', '--all', '--json', 'node', 'openai', 'csv-parse'], project).catch(
    ({ stdout }: { readonly stdout: string }) => stdout,
  )
  expect(JSON.parse(listed).dependencies).toBeUndefined()
})

describe('a project compiled by the tsconfig.json of docs/installing.md', () => {
  beforeAll(async () => {
    await run('npm', [...INSTALL, answers], project)
    const { version } = JSON.parse(readFileSync(join(ROOT, 'node_modules/@types/node/package.json'), 'utf8'))
    await run('npm', [...INSTALL, '--save-dev', `@types/node@${version}`], project)
    const files = {
      'tsconfig.json': firstBlock('docs/installing.md', /compilerOptions/),
      'first.ts': firstBlock('README.md', /openEmbeddedLog/),
      'kit.ts': firstBlock('docs/testing.md', /testTopology/),
      ...Object.fromEntries(projectsIn(page('docs/your-own-on-kafka.md'))[0] ?? []),
      'entries.ts': entries(),
    }
    for (const [name, text] of Object.entries(files)) writeFileSync(join(project, name), text)
    await run(join(ROOT, 'node_modules/.bin/tsc'), [], project)
  })

  describe.each([
    ['the Node that runs this', dirname(process.execPath)],
    ['Node 22', join(older, 'node_modules/node/bin')],
  ])('on %s', (name, bin) => {
    const runsHere = (command: string, words: readonly string[]) => run(command, words, project, bin)

    it('runs on that Node', async () => {
      const major = name === 'Node 22' ? 'v22.' : `v${process.versions.node.split('.')[0]}.`
      expect(await runsHere('node', ['--version'])).toContain(major)
    })

    it('runs the first topology of the README', async () => {
      rmSync(join(project, 'data'), { recursive: true, force: true })
      expect(await runsHere('node', ['out/first.js'])).toBe('ada 5\nada 9\n')
    })

    it('passes a test with the kit', async () => {
      await runsHere('node', ['out/kit.js'])
    })

    it('imports each entry of both packages', async () => {
      expect(await runsHere('node', ['out/entries.js'])).toBe('all\n')
    })

    it('answers the sample with caudal start --exit', async () => {
      rmSync(join(project, 'data'), { recursive: true, force: true })
      const { stdout, stderr } = await ran('npx', ['caudal', 'start', '--exit', '--json'], project, bin)
      const summary = JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
      expect(summary).toMatchObject({ inputs: 68, delivered: 62, failed: 0 })
      expect(stderr).not.toMatch(/warning/i)
    })

    it('runs a command of the pipeline package on its graph', async () => {
      expect(await runsHere('npx', ['caudal', 'explain', '--graph', './words.ts'])).toContain('count')
    })

    it('prints the version of the package with caudal --version', async () => {
      const { version } = JSON.parse(readFileSync(join(built, 'caudal-answers/package.json'), 'utf8'))
      expect(await runsHere('npx', ['caudal', '--version'])).toBe(`${version}\n`)
    })

    it('simulates with the threads of caudal simulate', async () => {
      const words = ['caudal', 'simulate', '--seeds', '1', '--scenario', 'count']
      expect(await runsHere('npx', words)).toContain('1 runs of count: all right')
    })
  })
})

/** A program that imports everything that the packages export. */
function entries(): string {
  const names = ['caudal', 'caudal-answers'].flatMap(name => {
    const { exports } = JSON.parse(readFileSync(join(built, name, 'package.json'), 'utf8'))
    return Object.keys(exports)
      .filter(entry => !/[*]|json$/.test(entry))
      .map(entry => name + entry.slice(1))
  })
  return `${names.map(name => `await import('${name}')`).join('\n')}\nconsole.log('all')\nexport {}\n`
}

function manifest(path: string, content: object): void {
  mkdirSync(path)
  writeFileSync(join(path, 'package.json'), JSON.stringify(content))
}

async function run(command: string, words: readonly string[], cwd: string, bin = ''): Promise<string> {
  return (await ran(command, words, cwd, bin)).stdout
}

/** What it wrote; rejects with that when it ends with anything but 0. */
function ran(command: string, words: readonly string[], cwd: string, bin: string) {
  const { PATH = '', HOME = '', ...others } = process.env
  // The environment has the address and the certificate of a proxy before the registry of npm.
  const way = Object.entries(others).filter(([name]) =>
    /^(node_extra_ca_certs|(https?|no)_proxy)$/i.test(name),
  )
  const env = {
    ...Object.fromEntries(way),
    HOME,
    PATH: [bin, dirname(process.execPath), PATH].join(delimiter),
    npm_config_update_notifier: 'false',
  }
  return execute(command, [...words], { cwd, env, maxBuffer: 1e7 })
}
