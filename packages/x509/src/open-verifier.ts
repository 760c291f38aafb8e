import { ConfigError, SciTokenError, systemClock } from '@scitokens/core'
import { certificateOfSocket, certificateThumbprint } from '@scitokens/host/tls'
import { silentLogger } from '@scitokens/core/internal'
import { CaDirectory } from './authorities/ca-directory.ts'
import { ChainVerifier } from './chain-verifier.ts'
import { CertificateRefused } from './errors.ts'
import { FrontEnd, type FrontEndWord } from './front-end/front-end.ts'
import type { Identity } from './identity.ts'
import { readVerifierOptions, type VerifierOptions } from './options.ts'
import { allHeaders, presentedChain, type ShownRequest } from './front-end/shown-request.ts'
import { VomsDirectory } from './voms/vomsdir.ts'

/** Says who has a certificate. */
export interface IdentityVerifier {
  /**
   * Whom the certificate of a request stands for; undefined: it shows none. Throws {@link CertificateRefused} where it is not acceptable,
   * `CertificateUndecided` where that cannot be found out.
   *
   * @param now - seconds since the epoch. Default: now.
   */
  identify(shown: ShownRequest, now?: number): Promise<Identity | undefined>
  /**
   * Whom a chain of certificates stands for. Throws as {@link identify}. Somebody must have proven that the key of its first certificate is
   * his: a chain alone is public.
   *
   * @param chain - in DER, the client's own certificate first. The same list again is read once.
   * @param now - seconds since the epoch. Default: now.
   */
  verify(chain: readonly Buffer[], now?: number): Promise<Identity>
  /**
   * What tells one who shows a certificate from another before anything is judged, so that each can be counted by himself: the
   * certificate of the connection, whose key TLS has proven, or what the front end said. Undefined: nothing is shown.
   */
  shownBy(shown: ShownRequest): string | undefined
}

/**
 * Opens the directories of trusted authorities and of VOMS servers. Throws `config_error` for options that are unknown or do not go together,
 * and for a directory that is not there or empty.
 */
export async function openVerifier(options: VerifierOptions): Promise<IdentityVerifier> {
  const read = readVerifierOptions(options)
  return new RequestVerifier(await openChains(read), read.frontEnd && new FrontEnd(read.frontEnd))
}

/** Believes the certificate of a connection, or a front end. */
class RequestVerifier implements IdentityVerifier {
  readonly #chains: ChainVerifier | undefined
  readonly #frontEnd: FrontEnd | undefined

  constructor(chains: ChainVerifier | undefined, frontEnd: FrontEnd | undefined) {
    this.#chains = chains
    this.#frontEnd = frontEnd
  }

  async identify(shown: ShownRequest, now: number = systemClock()): Promise<Identity | undefined> {
    const word = this.#hear(shown)
    if (word === undefined) return undefined
    if (word !== 'direct' && word.kind === 'credentials') {
      return { ...word.credentials, limited: word.limited, notAfter: Infinity, certificate: undefined }
    }
    const chain = word === 'direct' ? presentedChain(shown.request) : word.chain
    return chain.length === 0 ? undefined : this.#chains?.verify(chain, now)
  }

  async verify(chain: readonly Buffer[], now: number = systemClock()): Promise<Identity> {
    if (this.#chains) return this.#chains.verify(chain, now)
    throw new CertificateRefused('unknown_authority', 'no authority is trusted here: a front end judges certificates')
  }

  shownBy(shown: ShownRequest): string | undefined {
    try {
      const word = this.#hear(shown)
      if (word === 'direct') return certificateOfSocket(shown.request.socket)?.fingerprint256
      if (word?.kind !== 'certificates') return word?.credentials.dn
      return word.chain[0] && certificateThumbprint(word.chain[0])
    } catch {
      // Refused when it is judged; until then all of its kind are one.
      return undefined
    }
  }

  #hear({ request, overUnixSocket = false }: ShownRequest): FrontEndWord | 'direct' | undefined {
    return this.#frontEnd ? this.#frontEnd.hear({ headers: allHeaders(request), overUnixSocket }) : 'direct'
  }
}

/** What judges chains; undefined: a front end does. */
async function openChains(options: VerifierOptions): Promise<ChainVerifier | undefined> {
  if (options.authorities === undefined) return undefined
  const authorities = new CaDirectory(options.authorities, options.logger ?? silentLogger)
  await checked(authorities, 'authorities')
  const voms = options.vomsDirectory === undefined ? undefined : new VomsDirectory(options.vomsDirectory)
  if (voms) await checked(voms, 'vomsDirectory')
  return new ChainVerifier({
    authorities,
    revocation: options.revocation ?? 'require',
    namespaces: options.namespaces ?? 'require',
    proxies: { legacy: options.legacyProxies ?? false, limited: options.limitedProxies ?? true },
    voms: voms && { vomsDirectory: voms, hosts: options.hosts ?? [] },
  })
}

async function checked(directory: { check(): Promise<void> }, at: string): Promise<void> {
  try {
    await directory.check()
  } catch (cause) {
    throw new ConfigError(
      'config_error',
      `${at}: ${cause instanceof SciTokenError ? cause.message : 'cannot be read'}`,
      { cause },
    )
  }
}
