/** The guide for operations: its commands are run, or held against what is deployed. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { EXIT } from '#cli/command/command.ts'
import { main } from '#cli/main.ts'
import { ROOT } from '../../tidy/source.ts'
import { dataFolder, plan } from '../cli/data-folder.ts'
import { surroundings } from '../cli/surroundings.ts'

const FOLDER = join(ROOT, 'docs/operations')
const textOf = (path: string) => readFileSync(join(ROOT, path), 'utf8')

/** Page and command line of every block of commands. */
const lines = readdirSync(FOLDER).flatMap(page => {
  const blocks = [...textOf(`docs/operations/${page}`).matchAll(/^```sh\n([\s\S]*?)^```/gm)]
  return blocks.flatMap(([, code = '']) => code.trim().split('\n')).map(line => [page, line] as const)
})
const by = (program: string) => lines.filter(([, line]) => line.startsWith(`${program} `))
const ours = lines.filter(([, line]) => /^(echo '[^']*' \| )?caudal /.test(line))

it('every command in the operations guide belongs to a program that is checked below', () => {
  const checked = [...ours, ...['kubectl', 'kafka-topics.sh', 'docker', 'pg_dump', 'psql', 'npm'].flatMap(by)]
  expect(lines.filter(each => !checked.includes(each))).toEqual([])
  expect(ours.length).toBeGreaterThan(10)
})

it('the commands of caudal in the operations guide succeed beside a pipeline that runs', async () => {
  const environment = { DATA_DIR: dataFolder() }
  const pipeline = surroundings({ environment: { ...environment, PORT: '0' } })
  const ended = main(['start'], pipeline.world)
  await pipeline.stdout.until(/Everything is answered/)
  for (const [page, line] of ours) {
    const [, input = '', command = ''] = /^(?:echo '([^']*)' \| )?caudal (.*)$/.exec(line) ?? []
    const { world, stderr } = surroundings({ environment, input })
    const code = await main(command.split(' '), world)
    expect({ page, line, code, stderr: stderr.text }).toMatchObject({ code: EXIT.ok })
  }
  pipeline.stop()
  await ended
}, 240_000)

describe('every name in the operations guide', () => {
  const objects = ['local', 'production'].map(overlay =>
    parseAllDocuments(textOf(`deploy/k8s/rendered/${overlay}.yaml`)).map(document => {
      const { kind, metadata } = document.toJS()
      return `${metadata.namespace} ${kind.toLowerCase()}/${metadata.name}`
    }),
  )

  it.each(by('kubectl').filter(([, line]) => !line.includes('apply -k')))(
    'is an object of all overlays, or of the one that the walk applies: %s, %s',
    (page, line) => {
      const [, namespace, object] =
        /^kubectl -n (\S+) (?:scale|rollout \w+|port-forward) (\S+)/.exec(line) ?? []
      // A pod is named after its set.
      const [, inside, set] = /^kubectl -n (\S+) exec (?:-i )?(\S+)-\d+ /.exec(line) ?? []
      const [, looked] = /^kubectl -n (\S+) get pods$/.exec(line) ?? []
      const name = object ?? (set ? `statefulset/${set}` : 'statefulset/caudal-pod')
      for (const overlay of page === 'kubernetes.md' ? objects.slice(0, 1) : objects)
        expect(overlay).toContain(`${namespace ?? inside ?? looked} ${name}`)
    },
  )

  it.each(by('kubectl').filter(([, line]) => line.includes('apply -k')))(
    'is a folder of manifests: %s, %s',
    (_, line) => {
      const [, folder = ''] = /apply -k (\S+)$/.exec(line) ?? []
      expect(readdirSync(join(ROOT, folder))).toContain('kustomization.yaml')
    },
  )

  it.each(by('docker'))('is a service: %s, %s', (_, line) => {
    const { services } = parse(textOf('docker-compose.yml'))
    const [, service = ''] = /--scale (\w+)=/.exec(line) ?? []
    expect(Object.keys(services)).toContain(service)
  })

  it.each(by('kafka-topics.sh'))('is a topic of the pipeline: %s, %s', (_, line) => {
    const [, topic = ''] = /--topic (\S+)/.exec(line) ?? []
    expect([...plan.topicSpecs.map(({ name }) => name), 'answers.topology']).toContain(topic)
  })

  it.each([...by('psql'), ...by('pg_dump')])('has tables of the schema: %s, %s', (_, line) => {
    const folder = 'stores/postgres/migrations'
    const schema = readdirSync(join(ROOT, folder))
      .map(name => textOf(`${folder}/${name}`))
      .join('\n')
    const tables = [...line.matchAll(/(?:--table=|FROM )(\w+)/g)].map(([, table]) => table)
    expect(tables.length).toBeGreaterThan(0)
    for (const table of tables)
      expect(schema).toMatch(new RegExp(`CREATE TABLE (IF NOT EXISTS )?${table}\\b`, 'i'))
  })
})
