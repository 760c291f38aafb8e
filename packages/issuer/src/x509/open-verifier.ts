import { ConfigError, SciTokenError } from '@scitokens/core'
import type { Logger } from '../log/logger.ts'
import { CaDirectory } from './ca-directory.ts'
import { IdentityVerifier } from './identity.ts'
import type { X509Options } from '../certificates/options.ts'
import { VomsDirectory } from './vomsdir.ts'

/** Options that nobody would follow where a front end judges. */
const JUDGING = ['vomsDirectory', 'revocation', 'namespaces', 'legacyProxies', 'hosts'] as const

/** What judges certificates, as configured; undefined: a front end does. Throws `config_error` for a directory that is not there. */
export async function openVerifier(
  options: X509Options,
  { issuer, logger }: { readonly issuer: string; readonly logger: Logger },
  at: string,
): Promise<IdentityVerifier | undefined> {
  const judgedElsewhere = options.frontEnd !== undefined && options.frontEnd.certificateHeader === undefined
  // What such a front end tells does not say whether a proxy is limited: the refusal would be one in name only.
  if (judgedElsewhere && options.limitedProxies === false) {
    throw new ConfigError(
      `${at}.limitedProxies: a front end that judges certificates itself does not tell limited ones`,
    )
  }
  if (options.authorities === undefined) {
    const idle = judgedElsewhere ? JUDGING.find((key) => options[key] !== undefined) : undefined
    if (idle !== undefined)
      throw new ConfigError(`${at}.${idle}: is for certificates that are judged here: name authorities`)
    if (judgedElsewhere) return undefined
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
