/** The command line on brokers that ask for encryption and a login, named by the environment alone. */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { EXIT } from '#cli/command/command.ts'
import { main } from '#cli/main.ts'
import { KAFKA_USER, STACK_FOLDER, secureBrokerAddresses } from '#deploy/local/addresses.ts'
import { CERTIFICATE } from '#deploy/local/kafka-security.ts'
import { surroundings } from '../unit/cli/surroundings.ts'
import { RUN, stackRuns } from './stack.ts'

const SECURED = {
  APP_ID: `${RUN}secured`,
  KAFKA_BROKERS: secureBrokerAddresses(1).join(','),
  KAFKA_SSL: 'true',
  KAFKA_SSL_CA_FILE: join(STACK_FOLDER, 'kafka-security', CERTIFICATE),
  KAFKA_SASL_USERNAME: KAFKA_USER.username,
  KAFKA_SASL_PASSWORD: KAFKA_USER.password,
}

async function topicsPlan(environment: Readonly<Record<string, string>>) {
  const { world, stdout, stderr } = surroundings({ environment })
  return { code: await main(['topics', 'plan', '--json'], world), stdout: stdout.text, stderr: stderr.text }
}

describe.skipIf(!(await stackRuns('kafka')))('caudal topics plan on a secured listener', () => {
  it.each(['plain', 'scram-sha-256', 'scram-sha-512'])('logs in with %s', async mechanism => {
    const { code, stdout, stderr } = await topicsPlan({ ...SECURED, KAFKA_SASL_MECHANISM: mechanism })
    expect(code).toBe(EXIT.notFound)
    expect(stderr).toContain(`application ${RUN}secured has no topics here: check APP_ID`)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    const planned = stdout
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
    // Its own topics are there for nobody yet.
    expect(planned).toContainEqual(
      expect.objectContaining({ topic: `${RUN}secured.admit.state`, action: 'create' }),
    )
  })

  it('reports a wrong password by its exit code, and does not print the password', async () => {
    const { code, stderr } = await topicsPlan({
      ...SECURED,
      KAFKA_SASL_MECHANISM: 'scram-sha-256',
      KAFKA_SASL_PASSWORD: 'hunter2',
    })
    expect(code).toBe(EXIT.configuration)
    expect(stderr).toContain('CONFIGURATION_INVALID')
    expect(stderr).not.toContain('hunter2')
  })
})
