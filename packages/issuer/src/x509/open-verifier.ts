import { ConfigError, SciTokenError } from '@scitokens/core'
import type { Logger } from '../types.ts'
import { CaDirectory } from './ca-directory.ts'
import { IdentityVerifier } from './identity.ts'
import type { X509Options } from './options.ts'
import { VomsDirectory } from './vomsdir.ts'

/** What judges certificates, as configured; undefined: a front end does. Throws `config_error` for a directory that is not there. */
export async function openVerifier(
  options: X509Options,
  { issuer, logger }: { readonly issuer: string; readonly logger: Logger },
  at: string,
): Promise<IdentityVerifier | undefined> {
  if (options.authorities === undefined) {
    if (options.frontEnd && options.frontEnd.certificateHeader === undefined) return undefined
    throw new ConfigError(`${at}.authorities: the directory of trusted authorities is missing`)
  }
  const authorities = new CaDirectory(options.authorities, logger)
  await checked(authorities, `${at}.authorities`)
  const voms = options.vomsDirectory === undefined ? undefined : new VomsDirectory(options.vomsDirectory)
  if (voms) await checked(voms, `${at}.vomsDirectory`)
  return new IdentityVerifier({
    authorities,
    revocation: options.revocation ?? 'require',
    namespaces: options.namespaces ?? 'require',
    proxies: { legacy: options.legacyProxies ?? false, limited: options.limitedProxies ?? true },
    voms: voms && { vomsDirectory: voms, hosts: options.hosts ?? [new URL(issuer).hostname] },
  })
}

async function checked(directory: { check(): Promise<void> }, at: string): Promise<void> {
  try {
    await directory.check()
  } catch (cause) {
    throw new ConfigError(`${at}: ${cause instanceof SciTokenError ? cause.message : 'cannot be read'}`, { cause })
  }
}
