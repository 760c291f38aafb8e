import { ConfigError } from '@scitokens/core'
import { callable, given, type HttpGet, listOf, type OptionReaders, text, whole } from '@scitokens/core/internal'
import { CONNECTION_READERS, type ConnectionOptions, httpGetOf, HttpsClient } from '@scitokens/host/https'

/** Options that say how issuers are reached. */
export interface NetworkOptions extends ConnectionOptions {
  /** For everything from connecting to the last byte of one refresh, in milliseconds. Default: 10 000. */
  readonly timeoutMs?: number
  /** Redirects followed per document, at most 3, all on HTTPS and on the document's own origin. Default: 3. */
  readonly maxRedirects?: number
  /**
   * Origins (`https://keys.example`) that redirects may lead to as well: whoever answers there says what the keys of every issuer are
   * whose server redirects to it. Default: none.
   */
  readonly redirectOrigins?: readonly string[]
  /** In place of `node:https`. Not together with the options that shape connections. */
  readonly http?: HttpGet
}

/** How the options of {@link NetworkOptions} are read. */
export const NETWORK_READERS: OptionReaders<NetworkOptions> = {
  ...CONNECTION_READERS,
  timeoutMs: whole(1, 300_000, 'milliseconds'),
  maxRedirects: whole(0, 3, 'redirects'),
  redirectOrigins: listOf(text, { empty: true }),
  http: callable<HttpGet>(),
}

/** The way to issuers that the options describe. Throws `config_error`. */
export function httpFrom(options: NetworkOptions, dangerouslyAllowLoopbackHttp: boolean): HttpGet {
  const { ca, identity, agent, proxies, lookup, refuseSpecialAddresses, userAgent, http } = options
  const connection = given({ ca, identity, agent, proxies, lookup, refuseSpecialAddresses, userAgent })
  if (http === undefined) return httpGetOf(new HttpsClient({ ...connection, dangerouslyAllowLoopbackHttp }))
  const useless = Object.entries(connection).find(([, value]) => value !== false)?.[0]
  if (useless !== undefined) throw new ConfigError('config_error', `${useless} does nothing when http is given`)
  return http
}
