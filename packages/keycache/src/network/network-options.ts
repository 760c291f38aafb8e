import { Agent, type AgentOptions } from 'node:https'
import type { LookupFunction } from 'node:net'
import { ConfigError } from '@scitokens/core'
import {
  callable,
  flag,
  having,
  listOf,
  nested,
  oneOrMore,
  type OptionReaders,
  readUrl,
  text,
  whole,
} from '@scitokens/core/internal'
import { type CertificateAuthorities, checkAuthorities, TrustStore } from './ca.ts'
import { createHttpGet, type HttpGet } from './fetcher.ts'

/** Options that say how issuers are reached. */
export interface NetworkOptions {
  /** For everything from connecting to the last byte of one refresh, in milliseconds. Default: 10 000. */
  readonly timeoutMs?: number
  /** Redirects followed per document, at most 3, all on HTTPS and on the document's own origin. Default: 3. */
  readonly maxRedirects?: number
  /**
   * Origins (`https://keys.example`) that redirects may lead to as well: whoever answers there says what the keys of every issuer are
   * whose server redirects to it. Default: none.
   */
  readonly redirectOrigins?: readonly string[]
  /** Certificate authorities trusted besides the system's: PEM text, files, or a hashed directory. */
  readonly ca?: CertificateAuthorities
  /** For client certificates, connection limits and the like. Not together with `proxy`. */
  readonly agent?: Agent
  /** URL of an HTTP proxy, which only ever sees encrypted traffic. Not together with `agent`. */
  readonly proxy?: string
  /** In place of `dns.lookup`. */
  readonly lookup?: LookupFunction
  /** Refuse issuers that turn out to be at loopback, private or otherwise not public addresses. Not together with `proxy`. Default: false. */
  readonly refuseSpecialAddresses?: boolean
  /** Default: `scitokens-js`. */
  readonly userAgent?: string
  /** In place of `node:https`. Not together with the options above that shape connections. */
  readonly http?: HttpGet
}

/** How the options of {@link NetworkOptions} are read. */
export const NETWORK_READERS: OptionReaders<NetworkOptions> = {
  timeoutMs: whole(1, 300_000, 'milliseconds'),
  maxRedirects: whole(0, 3, 'redirects'),
  redirectOrigins: listOf(text, { empty: true }),
  ca: readAuthorities,
  agent: having<Agent>('destroy', 'an agent of node:https'),
  proxy: text,
  lookup: callable<LookupFunction>(),
  refuseSpecialAddresses: flag,
  userAgent: text,
  http: callable<HttpGet>(),
}

function readAuthorities(value: unknown, name: string): CertificateAuthorities {
  if (typeof value === 'string' || Array.isArray(value)) return oneOrMore(text)(value, name)
  return nested<{ readonly directory: string }>({ directory: text })(value, name)
}

/** The way to issuers that the options describe. Throws `config_error`. */
export function httpFrom(options: NetworkOptions): HttpGet {
  const { ca, agent, proxy, lookup, http, refuseSpecialAddresses = false, userAgent = 'scitokens-js' } = options
  if (http !== undefined) {
    const useless = (['ca', 'agent', 'proxy', 'lookup', 'refuseSpecialAddresses', 'userAgent'] as const).find(
      (name) => options[name],
    )
    if (useless !== undefined) throw new ConfigError('config_error', `${useless} does nothing when http is given`)
    return http
  }
  if (proxy !== undefined && agent !== undefined)
    throw new ConfigError('config_error', 'agent and proxy exclude each other')
  if (proxy !== undefined && refuseSpecialAddresses) {
    throw new ConfigError(
      'config_error',
      'refuseSpecialAddresses does nothing behind a proxy: only the proxy sees the address',
    )
  }
  if (ca !== undefined) checkAuthorities(ca)
  return createHttpGet({
    trust: new TrustStore(ca),
    agent: agent ?? ownAgent(proxy),
    lookup,
    refuseSpecialAddresses,
    userAgent,
  })
}

/**
 * An agent of our own: the global one pools connections, and one that was verified with somebody else's certificate
 * authorities must not serve here.
 */
function ownAgent(proxy: string | undefined): Agent {
  if (proxy === undefined) return new Agent({ keepAlive: false })
  const url = readUrl(proxy)
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new ConfigError('config_error', 'proxy must be an http or https URL')
  }
  // proxyEnv: Node >= 22.21 and >= 24.5; the types lag behind.
  const options: AgentOptions & { proxyEnv: Record<string, string> } = {
    keepAlive: false,
    proxyEnv: { HTTPS_PROXY: proxy },
  }
  return new Agent(options)
}
