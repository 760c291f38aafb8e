import { ConfigError } from '@scitokens/core'
import { readVariables, type Variables } from './variables.ts'

/** Through which proxies servers are asked. A plain value: whoever makes requests takes it as an option. */
export interface Proxies {
  /** URL of the proxy for `https:` requests, with a user and a password where it wants them. Default: none. */
  readonly https?: string
  /** URL of the proxy for `http:` requests. Default: none. */
  readonly http?: string
  /**
   * Servers that are asked without a proxy: `example.org` (that host and every host below it), `data.example.org:8443` (this port
   * only), `10.0.0.0/8`, `::1`, or `*` for all. Default: none.
   */
  readonly except?: readonly string[]
}

/**
 * Reads the proxies that the environment names, as curl and most other programs do: `https_proxy`, `http_proxy` and `no_proxy`, in
 * small letters or in capitals. Where both are set, small letters win. What is empty counts as not set. A proxy without a scheme
 * (`proxy.example:3128`) is an `http:` one.
 *
 * `HTTP_PROXY` in capitals is not read in a CGI program (where `REQUEST_METHOD` is set): there it is the request's header `Proxy`, and
 * anybody can send that.
 *
 * Throws `config_error` for a proxy that is no `http:` or `https:` URL. The message names the variable, never what it holds: a proxy's
 * password may stand there.
 *
 * @param variables - where the variables are looked up. Default: `process.env`.
 */
export function proxiesFromEnvironment(variables: Variables = process.env): Proxies {
  const env = readVariables(variables, 'env')
  const isCgi = (env['REQUEST_METHOD'] ?? '') !== ''
  const https = readProxy(env, ['https_proxy', 'HTTPS_PROXY'])
  const http = readProxy(env, isCgi ? ['http_proxy'] : ['http_proxy', 'HTTP_PROXY'])
  const except = readExceptions(env['no_proxy'] || env['NO_PROXY'] || '')
  return {
    ...(https !== undefined && { https }),
    ...(http !== undefined && { http }),
    ...(except.length > 0 && { except }),
  }
}

function readProxy(env: Variables, names: readonly string[]): string | undefined {
  const name = names.find((candidate) => (env[candidate] ?? '').trim() !== '')
  if (name === undefined) return undefined
  const text = env[name]!.trim()
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`)
  const isProxy = url !== null && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search + url.hash === ''
  if (!isProxy)
    throw new ConfigError('config_error', `${name} must be the URL of a proxy, such as http://proxy.example:3128`)
  return url.href
}

/** Other programs write the same host as `example.org`, `.example.org` or `*.example.org`, and split at commas or at spaces. */
function readExceptions(text: string): readonly string[] {
  const entries = text
    .split(/[\s,]+/)
    .map((entry) =>
      entry
        .toLowerCase()
        .replace(/^\*?\.(?=.)/, '')
        .replace(/^\[([^\]]*)\]$/, '$1'),
    )
    .filter((entry) => entry !== '')
  return [...new Set(entries)]
}
