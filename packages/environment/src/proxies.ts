import { ConfigError } from '@scitokens/core'
import { given } from '@scitokens/core/internal'
import { type Proxies, proxyRules } from '@scitokens/host/https'
import { readVariables, type Variables } from './variables.ts'

/**
 * Reads the proxy that the environment names, as curl and most other programs do: `https_proxy` and `no_proxy`, in small letters or in
 * capitals. Where both are set, small letters win. What is empty counts as not set. A proxy without a scheme (`proxy.example:3128`) is
 * an `http:` one. An entry of `no_proxy` that other programs know and this project does not (`192.168.*`) excepts nobody: what it names
 * goes through the proxy. `http_proxy` is not read: nothing of this project asks other machines without TLS.
 *
 * Throws `config_error` for a proxy that is no `http:` or `https:` URL. The message names the variable, never what it holds: a proxy's
 * password may stand there.
 *
 * @param variables - where the variables are looked up. Default: `process.env`.
 */
export function proxiesFromEnvironment(variables: Variables = process.env): Proxies {
  const env = readVariables(variables, 'env')
  const https = readProxy(env, ['https_proxy', 'HTTPS_PROXY'])
  const except = readExceptions(env['no_proxy'] || env['NO_PROXY'] || '')
  return { ...given({ https }), ...(except.length > 0 && { except }) }
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

/** In one spelling, each once. Other programs write the same host as `example.org`, `.example.org` or `*.example.org`. */
function readExceptions(text: string): readonly string[] {
  const entries = text
    .split(/[\s,]+/)
    .map((entry) =>
      entry
        .toLowerCase()
        .replace(/^\*?\.(?=.)/, '')
        .replace(/^\[([^\]]*)\]$/, '$1')
        .replace(/\.$/, ''),
    )
    .filter((entry) => entry !== '' && isUnderstood(entry))
  return [...new Set(entries)]
}

/** The variable is every program's: what one of them was told must not stop all commands here. */
function isUnderstood(entry: string): boolean {
  try {
    proxyRules({ except: [entry] })
    return true
  } catch {
    return false
  }
}
