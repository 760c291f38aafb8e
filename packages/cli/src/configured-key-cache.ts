import type { KeyCache, KeyCacheOptions } from '@scitokens/keycache'
import { certificateAuthorities } from './certificate-authorities.ts'
import type { CliContext } from './context.ts'
import type { Output } from './output.ts'

/** Options of a command that say where keys are kept and how issuers are reached. */
export interface KeyCacheChoice {
  readonly cacheDir?: string
  readonly ca?: readonly string[]
  readonly dangerouslyAllowLoopbackHttp?: boolean
}

/** Opens the key cache of a command: it lives briefly, so it waits for what has to be refreshed. */
export async function openKeyCache(
  { context, output, options }: { context: CliContext; output: Output; options: KeyCacheChoice },
  issuers: readonly string[],
  more: Partial<KeyCacheOptions> = {},
): Promise<KeyCache> {
  const { KeyCache } = await import('@scitokens/keycache')
  const configured = await configuredKeyCache(context)
  return new KeyCache({
    ...configured,
    issuers,
    staleRefresh: 'wait',
    cacheDir: options.cacheDir ?? configured.cacheDir,
    clock: context.clock,
    warn: (message) => output.warn(message),
    ...certificateAuthorities(options.ca),
    ...(options.dangerouslyAllowLoopbackHttp ? { dangerouslyAllowLoopbackHttp: true } : {}),
    ...more,
  })
}

/**
 * What the environment says about the key cache: `SCITOKEN_CONFIG_*` as for scitokens-cpp, `XDG_CACHE_HOME`, and the proxy by `https_proxy` and `no_proxy`. Options of the command
 * line are stronger. Throws `config_error` for a variable that makes no sense.
 */
export async function configuredKeyCache({
  env,
}: Pick<CliContext, 'env'>): Promise<Partial<KeyCacheOptions> & { cacheDir: string }> {
  const [{ keyCacheSettings, proxiesFromEnvironment, readConfig }, { defaultCacheDirectory }] = await Promise.all([
    import('@scitokens/environment'),
    import('@scitokens/keycache'),
  ])
  return {
    cacheDir: defaultCacheDirectory(env['XDG_CACHE_HOME']),
    proxies: proxiesFromEnvironment(env),
    ...keyCacheSettings(readConfig({ env })),
  }
}
