/** Whether a host may get a load without an explicit permission: only this machine and private networks may. */
import { lookup } from 'node:dns/promises'
import { BlockList, isIP, isIPv6 } from 'node:net'

const PRIVATE = new BlockList()
// RFC 1122 (loopback), RFC 1918 (private), RFC 3927 (link-local); RFC 4291 and RFC 4193 for IPv6.
for (const [address, bits] of [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
] as const)
  PRIVATE.addSubnet(address, bits)
for (const [address, bits] of [
  ['::1', 128],
  ['fc00::', 7],
  ['fe80::', 10],
] as const)
  PRIVATE.addSubnet(address, bits, 'ipv6')

/** The hosts, names or addresses, that lead anywhere else. A name that cannot be resolved is one of them. */
export async function publicHosts(hosts: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(hosts.map(async host => ((await isPrivate(host)) ? [] : [host])))
  return found.flat()
}

async function isPrivate(host: string): Promise<boolean> {
  const bare = host.replace(/^\[|\]$/g, '')
  const addresses = isIP(bare)
    ? [bare]
    : (await lookup(bare, { all: true }).catch(() => [])).map(each => each.address)
  return addresses.length > 0 && addresses.every(each => PRIVATE.check(each, isIPv6(each) ? 'ipv6' : 'ipv4'))
}
