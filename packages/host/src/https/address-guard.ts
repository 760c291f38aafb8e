import type { Socket } from 'node:net'
import { UndecidedError } from '@scitokens/core'
import { Networks, parseIpAddress } from '@scitokens/core/internal'

/** Special-purpose addresses that are not globally reachable. IANA registries, RFC 6890. */
const SPECIAL = new Networks(
  [
    '0.0.0.0/8',
    '10.0.0.0/8',
    '100.64.0.0/10',
    '127.0.0.0/8',
    '169.254.0.0/16',
    '172.16.0.0/12',
    '192.0.0.0/24',
    '192.0.2.0/24',
    '192.88.99.0/24',
    '192.168.0.0/16',
    '198.18.0.0/15',
    '198.51.100.0/24',
    '203.0.113.0/24',
    '224.0.0.0/4',
    '240.0.0.0/4',
    '::/96',
    '64:ff9b::/96',
    '64:ff9b:1::/48',
    '100::/64',
    '2001::/23',
    '2001:db8::/32',
    '2002::/16',
    '3fff::/20',
    '5f00::/16',
    'fc00::/7',
    'fe80::/10',
    'fec0::/10',
    'ff00::/8',
  ],
  { at: 'SPECIAL' },
)

/** Whether an IP address is loopback, private, link-local, documentation, multicast or otherwise not public. */
export function isSpecialAddress(address: string): boolean {
  // What has a zone is link-local, and what is no address is not public either.
  return parseIpAddress(address) === undefined || SPECIAL.holds(address)
}

/** Refuses an address written into the URL, before anything is sent: no `lookup` hook is ever asked about those. */
export function checkLiteralAddress(url: URL): void {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (parseIpAddress(host) !== undefined && isSpecialAddress(host)) throw refusal()
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

/** Does not name the address: what an outsider's name resolves to inside is nobody's business outside. */
function refusal(): UndecidedError {
  return new UndecidedError(
    'discovery_failed',
    'the address is loopback, private or otherwise not public, and refuseSpecialAddresses is on',
  )
}
