/**
 * Which addresses an endpoint may have. A caller that names an endpoint names a machine that this one calls. So all that is
 * reached from inside alone is refused, unless the operator allows it.
 */
import { BlockList, isIP } from 'node:net'

/** What no packet from the public network comes to, by RFC 6890 and its registry. */
const REFUSED_V4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  // Link-local: with it the metadata of clouds.
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
]
/** All that is public lies in here: neither loopback nor IPv4 in disguise, private, link-local or multicast. */
const PUBLIC_V6 = ['2000::', 3] as const
/** In there, and not public: protocols (Teredo among them), documentation, 6to4. */
const REFUSED_V6: readonly (readonly [string, number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
]

const REFUSED = new BlockList()
for (const [network, prefix] of REFUSED_V4) REFUSED.addSubnet(network, prefix, 'ipv4')
for (const [network, prefix] of REFUSED_V6) REFUSED.addSubnet(network, prefix, 'ipv6')
const PUBLIC = new BlockList()
PUBLIC.addSubnet(...PUBLIC_V6, 'ipv6')

/** `10.1.2.3`, `10.0.0.0/8`, `::1` or `fd00::/8`. */
export function isNetwork(text: string): boolean {
  const [address = '', prefix, ...more] = text.split('/')
  const family = isIP(address)
  if (family === 0 || more.length > 0) return false
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128))
}

export class AddressRules {
  readonly #allowed = new BlockList()
  /** Whether some inner address is allowed. */
  readonly allowsSome: boolean

  /** Networks that are allowed although they are inside. */
  constructor(allowed: readonly string[] = []) {
    this.allowsSome = allowed.length > 0
    for (const network of allowed) {
      const [address = '', prefix] = network.split('/')
      const family = familyOf(address)
      this.#allowed.addSubnet(address, Number(prefix ?? (family === 'ipv4' ? 32 : 128)), family)
    }
  }

  /** The operator has named it. */
  isAllowed(address: string): boolean {
    return isIP(address) > 0 && this.#allowed.check(address, familyOf(address))
  }

  /** The operator has named it, or it is public. */
  isPermitted(address: string): boolean {
    if (isIP(address) === 0) return false
    return this.isAllowed(address) || isPublic(address)
  }
}

function isPublic(address: string): boolean {
  const family = familyOf(address)
  return !REFUSED.check(address, family) && (family === 'ipv4' || PUBLIC.check(address, family))
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4')
