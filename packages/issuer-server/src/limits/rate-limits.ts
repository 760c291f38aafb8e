import { Networks } from '@scitokens/core/internal'

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
  const networks = Object.entries(addresses).map(([network, limit]) => ({
    network: new Networks([network], { at: 'rateLimit.addresses', everybody: true }),
    limit,
  }))
  return {
    perUser,
    forAddress: (address) => networks.find(({ network }) => network.holds(address))?.limit ?? perAddress,
    forClient: (clientId) => (Object.hasOwn(clients, clientId) ? clients[clientId]! : perClient),
  }
}
