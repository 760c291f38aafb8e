import { ConfigError } from '@scitokens/core'
import { given, type Logger } from '@scitokens/core/internal'
import type { X509Options } from '@scitokens/issuer'
import { type FrontEndOptions, openVerifier } from '@scitokens/x509'
import type { ConfiguredX509 } from '../config/x509-block.ts'
import { resolveSecret } from './secret-reference.ts'

/** What an issuer's block `x509` is read with. */
export interface X509Surroundings {
  readonly env: NodeJS.ProcessEnv
  readonly logger: Logger
  /** The issuer's URL: VOMS attributes may be meant for its host. */
  readonly issuer: string
}

/**
 * Opens what judges the certificates of an issuer, and says who gets what. Throws `config_error`.
 *
 * @param at - the key in the configuration, for messages: `x509` or `realms[0].x509`.
 */
export async function configuredX509(
  block: ConfiguredX509,
  at: string,
  { env, logger, issuer }: X509Surroundings,
): Promise<X509Options> {
  const { authorities, vomsDirectory, revocation, namespaces, legacyProxies, limitedProxies, frontEnd, ...one } = block
  const { hosts, ...rest } = one
  const judging = { authorities, vomsDirectory, revocation, namespaces, legacyProxies, limitedProxies, hosts, logger }
  const believed = frontEnd && (await withSecret(frontEnd, `${at}.frontEnd`, env))
  try {
    const own = authorities === undefined ? {} : { hosts: hosts ?? [new URL(issuer).hostname] }
    return { ...rest, verifier: await openVerifier(given({ ...judging, ...own, frontEnd: believed })) }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    // Both ways in which an option at fault is told become the key in the file.
    const told = error.message.replace(/^the option (\S+) /, '$1: ')
    throw new ConfigError('config_error', `${at}.${told}`, { cause: error })
  }
}

async function withSecret(
  { secret, ...others }: NonNullable<ConfiguredX509['frontEnd']>,
  at: string,
  env: NodeJS.ProcessEnv,
): Promise<FrontEndOptions> {
  return secret ? { ...others, secret: await resolveSecret(secret, `${at}.secret`, env) } : others
}
