import { BlockList, isIP, type Socket } from 'node:net'
import { UndecidedError } from '@scitokens/core'

/** Special-purpose addresses that are not globally reachable. IANA registries, RFC 6890. */
const SPECIAL: readonly (readonly [net: string, prefix: number, family: 'ipv4' | 'ipv6'])[] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.0.2.0', 24, 'ipv4'],
  ['192.88.99.0', 24, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['198.51.100.0', 24, 'ipv4'],
  ['203.0.113.0', 24, 'ipv4'],
  ['224.0.0.0', 4, 'ipv4'],
  ['240.0.0.0', 4, 'ipv4'],
  ['::', 96, 'ipv6'],
  ['64:ff9b::', 96, 'ipv6'],
  ['64:ff9b:1::', 48, 'ipv6'],
  ['100::', 64, 'ipv6'],
  ['2001::', 23, 'ipv6'],
  ['2001:db8::', 32, 'ipv6'],
  ['2002::', 16, 'ipv6'],
  ['3fff::', 20, 'ipv6'],
  ['5f00::', 16, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['fec0::', 10, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
]

const blocked = new BlockList()
for (const [net, prefix, family] of SPECIAL) blocked.addSubnet(net, prefix, family)

/** Whether an IP address is loopback, private, link-local, documentation, multicast or otherwise not public. */
export function isSpecialAddress(address: string): boolean {
  const bare = address.replace(/%.*$/, '')
  const family = isIP(bare)
  // An IPv4 address in IPv6 clothes is judged as what it reaches.
  if (family === 6)
    return blocked.check(bare, 'ipv6') || (mappedIpv4(bare) !== undefined && isSpecialAddress(mappedIpv4(bare)!))
  return family !== 4 || blocked.check(bare, 'ipv4')
}

/** Refuses an address written into the URL, before anything is sent: no `lookup` hook is ever asked about those. */
export function checkLiteralAddress(url: URL): void {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (isIP(host) !== 0 && isSpecialAddress(host)) throw refusal()
}

/**
 * Refuses by the address that a socket really reached, before a request is sent: a name may resolve to one address
 * when it is checked and to another when it is used.
 */
export function checkConnectedAddress(socket: Socket): void {
  const check = (): void => {
    if (socket.remoteAddress !== undefined && isSpecialAddress(socket.remoteAddress)) socket.destroy(refusal())
  }
  if (socket.connecting) socket.once('connect', check)
  else check()
}

function mappedIpv4(address: string): string | undefined {
  const groups = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/i.exec(new URL(`http://[${address}]`).hostname.slice(1, -1))
  if (!groups) return undefined
  const high = Number.parseInt(groups[1]!, 16)
  const low = Number.parseInt(groups[2]!, 16)
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
}

/** Does not name the address: what an outsider's name resolves to inside is nobody's business outside. */
function refusal(): UndecidedError {
  return new UndecidedError(
    'insecure_url',
    'the address is loopback, private or otherwise not public, and refuseSpecialAddresses is on',
  )
}
