/** The signature of Standard Webhooks, against the example that its libraries are tested with. */
import { describe, expect, it } from 'vitest'
import { secretFault, signedHeaders } from '#webhooks/signature.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

describe('the headers of an attempt', () => {
  it('are those of the standard', () => {
    const signed = {
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      timestampS: 1_614_265_330,
      body: Buffer.from('{"test": 2432232314}'),
    }
    expect(signedHeaders(signed, [SECRET])).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    })
  })
})

describe('a secret', () => {
  it('of the standard has no fault', () => {
    expect(secretFault(SECRET)).toBeUndefined()
  })

  it.each([
    ['MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'begin with whsec_'],
    ['whsec_', 'base64'],
    ['whsec_not base64', 'base64'],
    [`whsec_${Buffer.alloc(23).toString('base64')}`, '24 to 64 bytes, not 23'],
    [`whsec_${Buffer.alloc(65).toString('base64')}`, '24 to 64 bytes, not 65'],
  ])('%s is refused without being quoted', (secret, reason) => {
    const fault = secretFault(secret)
    expect(fault).toContain(reason)
    if (secret.length > 10) expect(fault).not.toContain(secret)
  })
})
