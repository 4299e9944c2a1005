/** Who counts as one caller among those without a key: an address of IPv4, or a network of IPv6. */
import { isIPv6 } from 'node:net'

const GROUPS = 8
/** The first 64 bits: a caller with one address of IPv6 mostly has all of its network. */
const NETWORK_GROUPS = 4
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

/** The address, or the network of its first 64 bits. */
export function networkOf(address: string): string {
  const [, mapped] = MAPPED.exec(address) ?? []
  if (mapped !== undefined) return mapped
  const [bare = ''] = address.split('%')
  return isIPv6(bare) ? `${groupsOf(bare).slice(0, NETWORK_GROUPS).join(':')}::/64` : address
}

/** In the one form that addresses have in a URL, with the zeros that `::` leaves out. */
function groupsOf(address: string): readonly string[] {
  const [before = '', after] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  const head = before === '' ? [] : before.split(':')
  if (after === undefined) return head
  const tail = after === '' ? [] : after.split(':')
  return [...head, ...Array<string>(GROUPS - head.length - tail.length).fill('0'), ...tail]
}
