/** Which addresses are inside, and which an operator may name all the same. */
import { describe, expect, it } from 'vitest'
import { AddressRules, isNetwork } from '#webhooks/addresses.ts'

const INSIDE = [
  ...['0.0.0.0', '0.1.2.3', '10.0.0.1', '100.64.0.1', '127.0.0.1', '127.255.255.254', '169.254.169.254'],
  ...['172.16.0.1', '172.31.255.255', '192.0.0.8', '192.0.2.1', '192.168.1.1', '198.18.0.1', '198.51.100.1'],
  ...['203.0.113.1', '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255'],
  ...['::', '::1', '::ffff:127.0.0.1', '::ffff:8.8.8.8', '::127.0.0.1', '64:ff9b::7f00:1', '100::1'],
  ...['2001::1', '2001:db8::1', '2002:7f00:1::', '3fff::1', 'fc00::1', 'fd00:ec2::254', 'fe80::1'],
  ...['fec0::1', 'ff02::1', '5f00::1'],
]
const PUBLIC = ['8.8.8.8', '93.184.216.34', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00:1450::1']

describe('the rules for addresses', () => {
  it.each(INSIDE)('refuse %s', address => {
    expect(new AddressRules().isPermitted(address)).toBe(false)
  })

  it.each(PUBLIC)('permit %s', address => {
    expect(new AddressRules().isPermitted(address)).toBe(true)
    expect(new AddressRules().isAllowed(address)).toBe(false)
  })

  it('permit what the operator names, and nothing beside it', () => {
    const rules = new AddressRules(['10.1.0.0/16', '::1', '127.0.0.1'])
    const permitted = ['10.1.2.3', '::1', '127.0.0.1'].map(address => rules.isPermitted(address))
    expect(permitted).toEqual([true, true, true])
    const others = ['10.2.0.1', '::2', '127.0.0.2', '169.254.169.254'].map(each => rules.isPermitted(each))
    expect(others).toEqual([false, false, false, false])
  })

  it('permit no text that is no address', () => {
    expect(
      ['', 'localhost', '127.1', '::1%lo'].map(text => new AddressRules(['0.0.0.0/0']).isPermitted(text)),
    ).toEqual([false, false, false, false])
  })
})

describe('a network', () => {
  it.each(['10.0.0.0/8', '127.0.0.1', '::1', 'fd00::/8', '0.0.0.0/0', '::/0'])('can be %s', text => {
    expect(isNetwork(text)).toBe(true)
  })

  it.each(['', 'localhost', '10.0.0.0/33', '::/129', '10.0.0.0/', '10.0.0.0/8/8', '10/8'])(
    'is not "%s"',
    text => {
      expect(isNetwork(text)).toBe(false)
    },
  )
})
