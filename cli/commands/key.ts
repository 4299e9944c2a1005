/** `caudal key`: the keys of the gateway are made, listed and revoked. */
import { CaudalError } from '#core/errors.ts'
import {
  digestOf,
  idOf,
  isName,
  isScope,
  KEY_PREFIX,
  KEYS_A_NAME_MAX,
  type Key,
  SCOPES,
  type Scope,
} from '#gateway/keys.ts'
import { type CommandContext, command, EXIT } from '../command/command.ts'
import { configurationOf } from '../environment.ts'
import { changeKeys, readKeys } from '../keys-file.ts'
import { newSecret } from '../secrets.ts'
import { table } from '../terminal/text-table.ts'

export const keyCreate = command({
  details: `GATEWAY_KEYS_FILE keeps its SHA-256 alone: a key that is lost is made again. Scopes: ask puts questions in, read sees
the organisation's questions and answers, operate sees pods and empties the cache, admin is for changes that concern all.
A name may have two keys: make the second, bring it to the clients, revoke the first.`,
  positionals: [],
  options: {
    organisation: { type: 'string', value: 'NAME', description: 'whose data the key is for' },
    scope: { type: 'string', value: 'LIST', description: 'ask,read,operate,admin or some of them' },
    name: {
      type: 'string',
      value: 'NAME',
      description: 'what to call the key; the name of the organisation when left out',
    },
    json: { type: 'boolean', description: 'one JSON object' },
  },
  examples: [
    'caudal key create --organisation acme --scope ask,read',
    'caudal key create --organisation acme --name console --scope read,operate',
  ],
  async run({ environment, options, stdout, stderr, system }) {
    const organization = named('--organisation', options.organisation)
    const name = named('--name', options.name ?? organization)
    const scopes = scopesIn(options.scope)
    const path = pathIn(environment)
    const text = `${KEY_PREFIX}${newSecret()}`
    const digest = digestOf(text)
    const createdAt = new Date(system.now()).toISOString()
    const key: Key = { id: idOf(digest), name, organization, scopes, digest, createdAt }
    changeKeys(path, keys => [...withRoom(keys, key), key])
    if (options.json) stdout.write(`${JSON.stringify({ key: text, ...rowOf(key) })}\n`)
    else {
      stdout.write(`${text}\n`)
      stderr.write(
        `It is shown this once: ${path} has its SHA-256 alone. Gateways take it within a second.\n`,
      )
    }
    return EXIT.ok
  },
})

export const keyList = command({
  positionals: [],
  options: { json: { type: 'boolean', description: 'one JSON object a line' } },
  examples: ['caudal key list', 'caudal key list --json'],
  async run({ environment, options, stdout }) {
    const rows = readKeys(pathIn(environment)).map(rowOf)
    const columns = ['id', 'name', 'organisation', 'scopes', 'made'].map(title => ({ title }))
    const lines = options.json
      ? rows.map(row => JSON.stringify(row))
      : rows.length === 0
        ? ['there is no key']
        : table(
            columns,
            rows.map(row => [row.id, row.name, row.organisation, row.scopes.join(','), row.created_at]),
          )
    for (const line of lines) stdout.write(`${line}\n`)
    return EXIT.ok
  },
})

export const keyRevoke = command({
  positionals: ['ID'],
  options: {},
  examples: ['caudal key revoke 5f0c1a2b3c4d', 'caudal key revoke console'],
  async run(context) {
    const [which = ''] = context.positionals
    const isMeant = ({ id, name }: Key) => id === which || name === which
    return revoked(context, isMeant, which)
  },
})

async function revoked(
  { environment, stdout, stderr }: CommandContext<unknown>,
  isMeant: (key: Key) => boolean,
  which: string,
) {
  const path = pathIn(environment)
  const meant = readKeys(path).filter(isMeant)
  if (meant.length === 0) {
    stderr.write(`no key has the id or the name ${which}: caudal key list shows them\n`)
    return EXIT.notFound
  }
  changeKeys(path, keys => keys.filter(key => !isMeant(key)))
  for (const { id, name } of meant) stdout.write(`revoked: ${id} (${name})\n`)
  return EXIT.ok
}

const rowOf = ({ id, name, organization, scopes, createdAt }: Key) => ({
  id,
  name,
  organisation: organization,
  scopes,
  created_at: createdAt,
})

function withRoom(keys: readonly Key[], { name, organization }: Key): readonly Key[] {
  const alike = keys.filter(key => key.name === name)
  if (alike.some(key => key.organization !== organization))
    throw rejected(`${name} is the name of a key of another organisation: give another --name`)
  if (alike.length >= KEYS_A_NAME_MAX)
    throw rejected(`${name} has ${alike.length} keys already: revoke one by its id, or give another --name`)
  return keys
}

function pathIn(environment: CommandContext['environment']): string {
  const { keysFile } = configurationOf(environment)
  if (keysFile !== '') return keysFile
  throw new CaudalError('CONFIGURATION_INVALID', {
    faults: 'GATEWAY_KEYS_FILE is not set: it names the file of keys, here and for the gateway',
  })
}

function named(option: string, text: string | undefined): string {
  if (text !== undefined && isName(text)) return text
  throw rejected(`${option} must be 1 to 64 letters, digits, _ or -`)
}

function scopesIn(text = ''): readonly Scope[] {
  const words = text.split(',').map(word => word.trim())
  const scopes = SCOPES.filter(scope => words.includes(scope))
  if (scopes.length > 0 && words.every(isScope)) return scopes
  throw rejected(`--scope must be ${SCOPES.join(', ')}, or some of them after commas`)
}

const rejected = (reason: string): CaudalError => new CaudalError('REJECTED', { reason })
