import type { KeyCacheOptions } from '@scitokens/keycache'
import type { CliContext } from './context.ts'

/**
 * What the environment says about the key cache: `SCITOKEN_CONFIG_*` as for scitokens-cpp, and `XDG_CACHE_HOME`. Options of the command
 * line are stronger. Throws `config_error` for a variable that makes no sense.
 */
export async function configuredKeyCache({
  env,
}: Pick<CliContext, 'env'>): Promise<Partial<KeyCacheOptions> & { cacheDir: string }> {
  const [{ readConfig }, { defaultCacheDirectory, optionsFromConfig }] = await Promise.all([
    import('@scitokens/core/node'),
    import('@scitokens/keycache'),
  ])
  return { cacheDir: defaultCacheDirectory(env['XDG_CACHE_HOME']), ...optionsFromConfig(readConfig({ env })) }
}
