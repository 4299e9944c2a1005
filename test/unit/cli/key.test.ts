/** `caudal key`: keys are printed once, kept as digests, rotated and revoked. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EXIT } from '#cli/command/command.ts'
import { keySource } from '#cli/keys-file.ts'
import { main } from '#cli/main.ts'
import { realSystem } from '#core/system.ts'
import { ringOf } from '../gateway/held-keys.ts'
import { surroundings } from './surroundings.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'caudal-keys-'))
  file = join(folder, 'keys.json')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function key(...given: readonly string[]) {
  const { world, stdout, stderr } = surroundings({ environment: { GATEWAY_KEYS_FILE: file } })
  const code = await main(['key', ...given], world)
  return { code, stdout: stdout.text, stderr: stderr.text }
}

const ACME = ['--organisation', 'acme', '--scope', 'ask,read'] as const

describe('caudal key create', () => {
  it('prints the key once, and the file of its owner alone holds nothing but the digest', async () => {
    const { code, stdout } = await key('create', ...ACME)
    expect(code).toBe(EXIT.ok)
    const made = stdout.trim()
    expect(made).toMatch(/^caudal_[\w-]{43}$/)
    expect(readFileSync(file, 'utf8')).not.toContain(made)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const ring = await ringOf(keySource(file), realSystem)
    expect(await ring.keyOf(made)).toMatchObject({ organization: 'acme', scopes: ['ask', 'read'] })
    expect((await key('list')).stdout).not.toContain(made)
  })

  it('makes a second key of a name for a rotation, and no third', async () => {
    const first = (await key('create', ...ACME)).stdout
    expect((await key('create', ...ACME)).stdout).not.toBe(first)
    const third = await key('create', ...ACME)
    expect(third.code).not.toBe(EXIT.ok)
    expect(third.stderr).toMatch(/acme has 2 keys already: revoke one/)
    expect((await key('create', ...ACME, '--name', 'web')).code).toBe(EXIT.ok)
    expect(
      (await key('create', '--organisation', 'globex', '--name', 'web', '--scope', 'ask')).stderr,
    ).toMatch(/another organisation/)
  })

  it.each([
    [['--organisation', 'a.b', '--scope', 'ask'], /--organisation must/],
    [['--scope', 'ask'], /--organisation must/],
    [['--organisation', 'acme'], /--scope must/],
    [['--organisation', 'acme', '--scope', 'ask,everything'], /--scope must/],
  ])('refuses %j, and names what it takes', async (options, reason) => {
    const { code, stderr } = await key('create', ...options)
    expect(code).not.toBe(EXIT.ok)
    expect(stderr).toMatch(reason)
  })

  it('requires GATEWAY_KEYS_FILE, and leaves a faulty file as it is', async () => {
    const { world, stderr } = surroundings()
    expect(await main(['key', 'create', ...ACME], world)).toBe(EXIT.configuration)
    expect(stderr.text).toMatch(/GATEWAY_KEYS_FILE is not set/)
    writeFileSync(file, '{"keys": 7}')
    expect((await key('create', ...ACME)).stderr).toMatch(/list named keys/)
    expect(readFileSync(file, 'utf8')).toBe('{"keys": 7}')
    rmSync(file)
    expect((await key('create', ...ACME)).code).toBe(EXIT.ok)
  })

  it('ends at once while another command changes the keys, and names the file to look at', async () => {
    writeFileSync(`${file}.new`, '')
    expect((await key('create', ...ACME)).stderr).toMatch(/keys\.json\.new: another caudal key/)
  })
})

describe('caudal key revoke', () => {
  it('revokes keys by id or by name, and reports a key that does not exist', async () => {
    await key('create', ...ACME)
    await key('create', ...ACME)
    await key('create', ...ACME, '--name', 'web')
    const [first] = (await key('list', '--json')).stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    expect((await key('revoke', first.id)).stdout).toBe(`revoked: ${first.id} (acme)\n`)
    expect((await key('revoke', 'acme')).code).toBe(EXIT.ok)
    expect((await key('revoke', 'acme')).code).toBe(EXIT.notFound)
    expect((await key('list')).stdout).toMatch(/web +acme +ask,read/)
    await key('revoke', 'web')
    expect((await key('list')).stdout).toBe('there is no key\n')
  })
})

describe('caudal gateway', () => {
  const started = async (environment: Record<string, string>) => {
    const { world, stderr } = surroundings({ environment: { DATA_DIR: folder, PORT: '0', ...environment } })
    return { code: await main(['gateway'], world), stderr: stderr.text }
  }

  it('refuses to serve other machines without keys, and names the command that makes keys', async () => {
    const { code, stderr } = await started({ HOST: '0.0.0.0' })
    expect(code).toBe(EXIT.configuration)
    expect(stderr).toMatch(/HOST is 0\.0\.0\.0.*GATEWAY_KEYS_FILE.*caudal key create/)
  })

  it('does not start where the file of its keys does not exist', async () => {
    const { code, stderr } = await started({ HOST: '0.0.0.0', GATEWAY_KEYS_FILE: file })
    expect(code).toBe(EXIT.configuration)
    expect(stderr).toMatch(/GATEWAY_KEYS_FILE .*caudal key create/)
  })
})
