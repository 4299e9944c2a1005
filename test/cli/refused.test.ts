/** Outside parts that refuse `caudal start` from its first call on: it ends by itself, with what to do. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { EXIT } from '#cli/command/command.ts'
import { main } from '#cli/command/main.ts'
import { dataFolder } from '../unit/cli/data-folder.ts'
import { surroundings } from '../unit/cli/surroundings.ts'

async function answering(status: number, body: string): Promise<string> {
  const server = createServer((_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(body)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}` // It listens on TCP.
}

it.each([401, 403])(
  'a registry that refuses the login by %i ends the start, named with its setting',
  async status => {
    const host = await answering(status, '{"error_code":40101,"message":"Unauthorized"}')
    const environment = { DATA_DIR: dataFolder(), SCHEMA_REGISTRY_URL: `http://ana:hush-hush@${host}` }
    const { world, stderr } = surroundings({ environment })
    expect(await main(['start', '--exit'], world)).toBe(EXIT.configuration)
    expect(stderr.text).toMatch(
      /^caudal start: REGISTRY_REFUSED: .*SCHEMA_REGISTRY_URL, as http:\/\/USER:PASSWORD@HOST\n$/m,
    )
    expect(stderr.text).toContain(host)
    expect(stderr.text).not.toContain('hush-hush')
  },
)
