import { createHash } from 'node:crypto'
import { ConfigError, formatScope, type Scope } from '@scitokens/core'
import type { AuthenticatedClient } from '../client-auth/authenticated-client.ts'
import type { Client } from '../clients/client.ts'
import { type ClientDefaults, readClient } from '../clients/read-client.ts'
import { OAuthError } from '../http/oauth-error.ts'
import { isSubject } from '@scitokens/core/internal'
import type { ScopeTemplate } from '../policy/template.ts'
import type { Secrets } from '../secrets/secrets.ts'
import type { Clock, Logger } from '../log/logger.ts'
import { CertificateRefused, CertificateUndecided } from '../x509/defects.ts'
import { type DnMapping, readDnMapping } from './dn-mapping.ts'
import { presentedChain, type X509Evidence } from '../x509/evidence.ts'
import { formatFqan } from '../x509/fqan.ts'
import { FrontEnd } from '../x509/front-end.ts'
import type { IdentityVerifier, X509Identity } from '../x509/identity.ts'
import { openVerifier } from '../x509/open-verifier.ts'
import type { X509Options } from './options.ts'
import { readRules, scopesFor, type X509Rule } from './rules.ts'
import { WatchedFile } from '../x509/watched-file.ts'

/** What the authenticator needs of its issuer. */
export interface X509Context {
  readonly issuer: string
  readonly defaults: ClientDefaults
  readonly secrets: Secrets
  readonly clock: Clock
  readonly logger: Logger
}

const MAX_FILE_BYTES = 16_777_216
const RETRY_AFTER_SECONDS = 60

/**
 * Authenticates clients that have a certificate and no `client_id`, and says what they may have at most: the union of the rules that
 * match. Everything after that (narrowing, signing, audit) is the pipeline's, as for every client.
 */
export class X509Authenticator {
  readonly #client: Client
  readonly #rules: WatchedFile<readonly X509Rule[]>
  readonly #mapping: WatchedFile<DnMapping> | undefined
  readonly #frontEnd: FrontEnd | undefined
  readonly #verifier: IdentityVerifier | undefined
  readonly #clock: Clock
  #scopes: readonly string[] = []

  private constructor(options: X509Options, context: X509Context, verifier: IdentityVerifier | undefined, at: string) {
    const { defaults, secrets, clock, logger } = context
    this.#clock = clock
    this.#verifier = verifier
    this.#client = readClient(clientOptions(options), defaults, secrets, at)
    this.#rules = watched(options.rules, readRules, logger, 'rules.json')
    this.#mapping =
      options.dnMapping === undefined ? undefined : watched(options.dnMapping, readDnMapping, logger, 'dn_mapping.json')
    this.#frontEnd = options.frontEnd && new FrontEnd(options.frontEnd, `${at}.frontEnd`)
  }

  /** Reads the rules for the first time, and looks whether the directories are there. Throws `config_error` naming the key at fault. */
  static async open(options: X509Options, context: X509Context, at: string): Promise<X509Authenticator> {
    const verifier = await openVerifier(options, context, at)
    const authenticator = new X509Authenticator(options, context, verifier, at)
    const rules = await readFirst(authenticator.#rules, `${at}.rules`)
    authenticator.#scopes = rules.flatMap(({ templates }) =>
      templates.filter(({ fixed }) => fixed).map(({ text }) => text),
    )
    if (authenticator.#mapping) await readFirst(authenticator.#mapping, `${at}.dnMapping`)
    return authenticator
  }

  /** What the rules gave at the start, but for what depends on a user name. */
  get scopes(): readonly string[] {
    return this.#scopes
  }

  get clientId(): string {
    return this.#client.clientId
  }

  /**
   * The client of a request that names none; undefined: it shows no certificate. Throws `invalid_client` where the certificate is not
   * acceptable, `temporarily_unavailable` where that cannot be decided.
   */
  async authenticate(evidence: X509Evidence): Promise<AuthenticatedClient | undefined> {
    try {
      const identity = await this.#identify(evidence)
      return identity && (await this.#clientOf(identity))
    } catch (error) {
      throw asOAuthError(error)
    }
  }

  /**
   * What tells one who shows a certificate from another before anything is judged, so that each can be counted by himself: the
   * certificate of the connection, whose key TLS has proven, or what the front end said. Undefined: nothing is shown.
   */
  shownBy(evidence: X509Evidence): string | undefined {
    try {
      const word = this.#frontEnd ? this.#frontEnd.hear(evidence) : 'direct'
      if (word === 'direct') return evidence.peer?.fingerprint256
      if (word?.kind !== 'certificates') return word?.credentials.dn
      return word.chain[0] && createHash('sha256').update(word.chain[0]).digest('base64url')
    } catch {
      // Refused when it is judged; until then all of its kind are one.
      return undefined
    }
  }

  async #identify(evidence: X509Evidence): Promise<X509Identity | undefined> {
    const word = this.#frontEnd ? this.#frontEnd.hear(evidence) : 'direct'
    if (word === undefined) return undefined
    if (word !== 'direct' && word.kind === 'credentials') {
      return { ...word.credentials, limited: word.limited, notAfter: Infinity, certificate: undefined }
    }
    const chain = word === 'direct' ? presentedChain(evidence) : word.chain
    if (chain.length === 0 || !this.#verifier) return undefined
    return this.#verifier.verify(chain, this.#clock())
  }

  async #clientOf(identity: X509Identity): Promise<AuthenticatedClient> {
    const [rules, mapping] = await Promise.all([this.#rules.get(), this.#mapping?.get()])
    const { dn, fqans, limited, notAfter } = identity
    const username = identity.username ?? mapping?.get(dn)
    const subject = username ?? dn
    if (!isSubject(subject)) throw new CertificateRefused('ambiguous_name', 'the name is one that no token can carry')
    const scopes = scopesFor(rules, { ...identity, username }).filter((scope) => !(limited && startsJobs(scope)))
    const groups = fqans.filter(({ role }) => role === undefined).map(({ group }) => group)
    return {
      client: {
        ...this.#client,
        subject,
        groups: [...new Set(groups)].filter(Boolean),
        ceiling: scopes.map(asTemplate),
      },
      method: 'x509',
      certificate: undefined,
      ...(notAfter === Infinity ? {} : { notAfter }),
      note: describe(identity),
      ...(identity.certificate ? { shown: identity.certificate } : {}),
    }
  }
}

function clientOptions(options: X509Options): Parameters<typeof readClient>[0] {
  const { clientId = 'x509', audiences, defaultAudience, lifetime, profile, algorithm } = options
  return {
    clientId,
    scopes: [],
    grants: ['client_credentials'],
    authMethods: ['tls'],
    // What the clients of the field send.
    acceptScopesAlias: true,
    ...(audiences === undefined ? {} : { audiences }),
    ...(defaultAudience === undefined ? {} : { defaultAudience }),
    ...(lifetime === undefined ? {} : { lifetime }),
    ...(profile === undefined ? {} : { profile }),
    ...(algorithm === undefined ? {} : { algorithm }),
  }
}

/** A limited proxy is one that starts no jobs, whatever its holder may: what Globus invented it for. */
function startsJobs({ authz }: Scope): boolean {
  return /^(?:compute\.(?!read$)|condor$|execute$|queue$)/.test(authz)
}

function asTemplate(scope: Scope): ScopeTemplate {
  return { text: formatScope(scope), fixed: scope, placeholders: [] }
}

function watched<T>(path: string, parse: (content: Buffer) => T, logger: Logger, name: string): WatchedFile<T> {
  const message = `the new ${name} cannot be read, the one before it stays in force`
  return new WatchedFile({ path, maxBytes: MAX_FILE_BYTES, parse, keepOld: { logger, message } })
}

async function readFirst<T>(file: WatchedFile<T>, at: string): Promise<T> {
  try {
    return await file.get()
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message
    throw new ConfigError(`${at}: the file cannot be read: ${why}`, { cause })
  }
}

function describe({ dn, fqans, limited }: X509Identity): string {
  const groups = fqans.map(formatFqan).join(' ')
  return `${dn}${limited ? ' (limited proxy)' : ''}${groups === '' ? '' : `; ${groups}`}`
}

function asOAuthError(error: unknown): unknown {
  if (error instanceof CertificateRefused) {
    return new OAuthError('invalid_client', `the certificate is not acceptable (${error.defect}): ${error.message}`, {
      detail: `${error.defect}: ${error.message}`,
      headers: { 'www-authenticate': 'Basic realm="token endpoint", charset="UTF-8"' },
      cause: error,
    })
  }
  if (error instanceof CertificateUndecided) {
    return new OAuthError('temporarily_unavailable', `the certificate cannot be judged just now (${error.doubt})`, {
      detail: `${error.doubt}: ${error.message}`,
      headers: { 'retry-after': String(RETRY_AFTER_SECONDS) },
      cause: error,
    })
  }
  return error
}
