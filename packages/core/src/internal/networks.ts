import { ConfigError, quote } from '../errors.ts'

// The one place where addresses and lists of networks are read: whoever is trusted, limited or refused by an address is found here.
// Written out rather than taken from `node:net`, as core runs in browsers and workers; strict, as a lenient reader makes
// `192.0.2.7/` the whole Internet.

/** An address as a number. IPv4 in IPv6 clothes (`::ffff:192.0.2.7`, RFC 4291 section 2.5.5.2) is the IPv4 address that it reaches. */
export interface IpAddress {
  /** The version of the Internet protocol. */
  readonly version: 4 | 6
  /** The address, of 32 or 128 bits. */
  readonly value: bigint
}

/** A block of addresses. */
interface Network extends IpAddress {
  /** Bits that all of its addresses share. */
  readonly prefix: number
}

const BITS = { 4: 32, 6: 128 } as const
const MAPPED = 0xffffn
const IPV4_MASK = 0xffff_ffffn
/** Whoever has an IPv6 network has all of its addresses: RFC 6177 gives the smallest site a /64. */
const PEER_PREFIX = 64

/**
 * Reads an address; undefined for everything that is none, also for one with a zone (`fe80::1%eth0`): it means another host on
 * every link.
 */
export function parseIpAddress(text: string): IpAddress | undefined {
  const value = text.includes(':') ? ipv6Value(text) : ipv4Value(text)
  if (value === undefined) return undefined
  if (!text.includes(':')) return { version: 4, value }
  return value >> 32n === MAPPED ? { version: 4, value: value & IPV4_MASK } : { version: 6, value }
}

/** What a list of networks is for. */
export interface NetworksOptions {
  /** The option that the list stands in, for messages. */
  readonly at: string
  /**
   * Whether `0.0.0.0/0` and `::/0` may stand in it. Default: false, as a list of whom to believe that has everybody in it cannot be
   * meant.
   */
  readonly everybody?: boolean
}

/** A list of addresses and networks. */
export class Networks {
  readonly #networks: readonly Network[]

  /**
   * Each entry is an address or a network in CIDR notation (RFC 4632 section 3.1, RFC 4291 section 2.3), in one spelling: `192.0.2.7`,
   * `192.0.2.0/24`, `2001:db8::/32`.
   *
   * Throws `config_error` for everything else: no digits behind the slash or more than there are bits, a zero before them, addresses
   * with bits beyond the length (`10.1.2.3/8`), a zone, IPv4 in IPv6 clothes, everybody.
   */
  constructor(list: readonly string[], { at, everybody = false }: NetworksOptions) {
    if (!Array.isArray(list)) throw new ConfigError('config_error', `${at}: must be a list of addresses and networks`)
    this.#networks = list.map((text: string) => {
      const network = parseNetwork(text, at)
      if (network.prefix === 0 && !everybody)
        throw new ConfigError('config_error', `${at}: ${quote(text)} is everybody`)
      return network
    })
  }

  /** Whether an address as a connection tells it is in one of them. What is no address is in none. */
  holds(address: string): boolean {
    const parsed = parseIpAddress(address)
    return parsed !== undefined && this.#networks.some((network) => isIn(parsed, network))
  }

  /** Whether one of them and another list have an address in common. */
  meets(other: Networks): boolean {
    return this.#networks.some((one) => other.#networks.some((two) => isIn(one, two) || isIn(two, one)))
  }
}

/** Addresses that every user of a machine has. RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3. */
export const LOOPBACK: Networks = new Networks(['127.0.0.0/8', '::1'], { at: 'loopback' })

function parseNetwork(text: string, at: string): Network {
  const problem = (why: string): ConfigError => new ConfigError('config_error', `${at}: ${quote(text)} ${why}`)
  if (typeof text !== 'string') throw problem('is neither an address nor a network')
  const slash = text.indexOf('/')
  const address = slash === -1 ? text : text.slice(0, slash)
  const parsed = parseIpAddress(address)
  if (parsed === undefined) {
    const isZoned = parseIpAddress(address.replace(/%.*$/, '')) !== undefined
    throw problem(isZoned ? 'has a zone: leave it out' : 'is neither an address nor a network')
  }
  const { version, value } = parsed
  if (version === 4 && address.includes(':')) throw problem(`is an IPv4 address: write ${formatIpAddress(parsed)}`)
  const bits = BITS[version]
  if (slash === -1) return { version, value, prefix: bits }
  const digits = text.slice(slash + 1)
  const prefix = /^(?:0|[1-9]\d{0,2})$/.test(digits) ? Number(digits) : undefined
  if (prefix === undefined || prefix > bits) throw problem(`has no length between 0 and ${bits} behind its slash`)
  const first = firstOf(parsed, prefix)
  if (first !== value) {
    const meant = `${formatIpAddress({ version, value: first })}/${prefix}`
    throw problem(`has bits beyond its length: write ${meant}, or ${address} for the one address`)
  }
  return { version, value, prefix }
}

/** Whether an address, or all of a network, lies in a network. */
function isIn(address: IpAddress & { readonly prefix?: number }, network: Network): boolean {
  if (address.version !== network.version || (address.prefix ?? BITS[address.version]) < network.prefix) return false
  return firstOf(address, network.prefix) === network.value
}

/**
 * Whom an address stands for when requests are counted: one IPv4 address, or one /64 of IPv6, whose holder has all of its addresses.
 * Other text stands for itself.
 */
export function networkOfPeer(address: string): string {
  const parsed = parseIpAddress(address)
  if (parsed === undefined) return address
  if (parsed.version === 4) return formatIpAddress(parsed)
  return `${formatIpAddress({ version: 6, value: firstOf(parsed, PEER_PREFIX) })}/${PEER_PREFIX}`
}

function firstOf({ version, value }: IpAddress, prefix: number): bigint {
  const host = BigInt(BITS[version] - prefix)
  return (value >> host) << host
}

function ipv4Value(text: string): bigint | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  let value = 0
  for (const part of parts) {
    // A zero in front is octal to some readers.
    if (!/^(?:0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined
    value = value * 256 + Number(part)
  }
  return BigInt(value)
}

/** RFC 4291 section 2.2. */
function ipv6Value(text: string): bigint | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map(groupsOf)
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined
  const missing = 8 - head.length - (tail?.length ?? 0)
  // `::` stands for one group or more.
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined
  const groups = [...head, ...Array.from({ length: missing }, () => 0), ...(tail ?? [])]
  return groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n)
}

/** The groups of a part without `::`; the last may be IPv4 in dots, which is two. */
function groupsOf(text: string, half: number, halves: readonly string[]): number[] | undefined {
  if (text === '') return halves.length === 2 ? [] : undefined
  const groups: number[] = []
  const parts = text.split(':')
  for (const [index, part] of parts.entries()) {
    if (/^[\da-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16))
    else {
      const isLast = index === parts.length - 1 && half === halves.length - 1
      const dotted = isLast ? ipv4Value(part) : undefined
      if (dotted === undefined) return undefined
      groups.push(Number(dotted >> 16n), Number(dotted & 0xffffn))
    }
  }
  return groups
}

function formatIpAddress({ version, value }: IpAddress): string {
  if (version === 4) return groupsOfValue(value, 4, 8n).join('.')
  const groups = groupsOfValue(value, 8, 16n).map((group) => group.toString(16))
  return groups.join(':').replace(/(?:^|:)0(?::0)+(?::|$)/, '::')
}

function groupsOfValue(value: bigint, count: number, bits: bigint): bigint[] {
  return Array.from({ length: count }, (_, index) =>
    BigInt.asUintN(Number(bits), value >> (bits * BigInt(count - 1 - index))),
  )
}
