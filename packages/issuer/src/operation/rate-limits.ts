import { BlockList, isIP } from 'node:net'
import { ConfigError, quote } from '@scitokens/core'

/** How much may be asked, in requests per minute, as written. */
export interface RateLimits {
  /** From one address, or one /64 of IPv6. Default: 600. */
  readonly perAddress?: number
  /** Of one client at one address; nobody else can use it up. Default: 300. */
  readonly perClient?: number
  /** Tokens for one person, through whatever clients. Default: 600. */
  readonly perUser?: number
  /** More, or less, for an address or a network such as `192.0.2.0/24`: a submit host asks for many. The first that fits counts. */
  readonly addresses?: Readonly<Record<string, number>>
  /** More, or less, for a client by its id. */
  readonly clients?: Readonly<Record<string, number>>
}

/** Limits to be asked. */
export interface ReadRateLimits {
  readonly perUser: number
  forAddress(address: string): number
  forClient(clientId: string): number
}

/** Checks limits. Throws `config_error` naming the key at fault. */
export function readRateLimits(limits: RateLimits = {}): ReadRateLimits {
  const { perAddress = 600, perClient = 300, perUser = 600, addresses = {}, clients = {} } = limits
  const networks = Object.entries(addresses).map(([network, limit]) => ({ holds: readNetwork(network), limit }))
  return {
    perUser,
    forAddress: (address) => networks.find(({ holds }) => holds(address))?.limit ?? perAddress,
    forClient: (clientId) => (Object.hasOwn(clients, clientId) ? clients[clientId]! : perClient),
  }
}

function readNetwork(text: string): (address: string) => boolean {
  const [, address = '', prefix] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const version = isIP(address)
  const bits = version === 6 ? 128 : 32
  if (version === 0 || Number(prefix ?? bits) > bits) {
    throw new ConfigError(`rateLimit.addresses: ${quote(text)} is neither an address nor a network`)
  }
  const list = new BlockList()
  list.addSubnet(address, Number(prefix ?? bits), version === 6 ? 'ipv6' : 'ipv4')
  return (asked) => isIP(asked) !== 0 && list.check(asked, isIP(asked) === 6 ? 'ipv6' : 'ipv4')
}
