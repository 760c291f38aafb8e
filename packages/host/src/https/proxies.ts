import { ConfigError } from '@scitokens/core'
import { listOf, Networks, type OptionReaders, parseIpAddress, quote, readUrl, text } from '@scitokens/core/internal'

/** Which proxy is asked for which server. */
export interface Proxies {
  /** URL of the HTTP proxy for `https:`, with user and password if it asks for them. Default: none is asked. */
  readonly https?: string
  /**
   * Servers that are asked without the proxy, as `no_proxy` names them: `example.org` (that host and all below it; `.example.org` and
   * `*.example.org` say the same), `example.org:8443`, an address, a network (`10.0.0.0/8`), or `*` for all. Default: none.
   */
  readonly except?: readonly string[]
}

/** How the options of {@link Proxies} are read. */
export const PROXIES_READERS: OptionReaders<Proxies> = { https: text, except: listOf(text, { empty: true }) }

/** Whether a server is asked without the proxy. */
type Exception = (host: string, port: string) => boolean

/**
 * Reads {@link Proxies}: a function that tells by which proxy a URL is reached, or undefined for none.
 *
 * Throws `config_error` for a proxy that is no URL of HTTP, and for exceptions that cannot be meant. User and password are told nobody.
 */
export function proxyRules({ https, except = [] }: Proxies): (url: URL) => URL | undefined {
  const exceptions = except.map(exceptionOf)
  if (https === undefined) return () => undefined
  const proxy = readUrl(https)
  if (proxy === undefined || !/^https?:$/.test(proxy.protocol)) {
    throw new ConfigError('config_error', 'proxies.https must be an http or https URL')
  }
  return (url) => {
    const host = url.hostname.replace(/\.$/, '')
    const port = url.port || '443'
    return exceptions.some((matches) => matches(host, port)) ? undefined : proxy
  }
}

function exceptionOf(written: string): Exception {
  if (written === '*') return () => true
  if (written.includes('/')) return inNetworks(written, undefined)
  const [, bracketed, plain, wanted] =
    /^(?:\[([^\]]*)\]|([^:]*|[^[\]]*:[^[\]]*:[^[\]]*))(?::(\d{1,5}))?$/.exec(written) ?? []
  const name = bracketed ?? plain ?? ''
  if (parseIpAddress(name) !== undefined) return inNetworks(name, wanted)
  const domain = name.replace(/^\*?\./, '').toLowerCase()
  if (!/^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(domain)) {
    throw new ConfigError(
      'config_error',
      `proxies.except: ${quote(written)} is neither a host, an address, a network nor *`,
    )
  }
  return (host, port) => isPort(wanted, port) && (host === domain || host.endsWith(`.${domain}`))
}

function inNetworks(written: string, wanted: string | undefined): Exception {
  const networks = new Networks([written], { at: 'proxies.except', everybody: true })
  return (host, port) => isPort(wanted, port) && networks.holds(host.replace(/^\[|\]$/g, ''))
}

function isPort(wanted: string | undefined, port: string): boolean {
  return wanted === undefined || wanted === port
}
