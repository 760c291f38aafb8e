import {
  ConfigError,
  formatScope,
  type Scope,
  SciTokenError,
  TokenNotAcceptableError,
  UndecidedError,
  type Clock,
} from '@scitokens/core'
import { formatFqan, given, isSubject, type Logger } from '@scitokens/core/internal'
import { WatchedFile } from '@scitokens/host/files'
import type { AuthenticatedClient } from '../client-auth/authenticated-client.ts'
import type { Client } from '../clients/client.ts'
import { type ClientDefaults, readClient } from '../clients/read-client.ts'
import { OAuthError } from '../http/oauth-error.ts'
import type { ScopeTemplate } from '../policy/template.ts'
import type { Secrets } from '../secrets/secrets.ts'
import { type DnMapping, readDnMapping } from './dn-mapping.ts'
import type { Identity, IdentityVerifier, ShownRequest } from './identity-verifier.ts'
import type { X509Options } from './options.ts'
import { readRules, scopesFor, type X509Rule } from './rules.ts'

/** What the authenticator needs of its issuer. */
export interface CertificateContext {
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
export class CertificateAuthenticator {
  readonly #client: Client
  readonly #rules: WatchedFile<readonly X509Rule[]>
  readonly #mapping: WatchedFile<DnMapping> | undefined
  readonly #verifier: IdentityVerifier
  readonly #clock: Clock
  #scopes: readonly string[] = []

  private constructor(options: X509Options, context: CertificateContext, at: string) {
    const { defaults, secrets, clock, logger } = context
    this.#clock = clock
    this.#verifier = options.verifier
    this.#client = readClient(clientOptions(options), defaults, secrets, at)
    this.#rules = watched(options.rules, readRules, logger, 'rules.json')
    this.#mapping =
      options.dnMapping === undefined ? undefined : watched(options.dnMapping, readDnMapping, logger, 'dn_mapping.json')
  }

  /** Reads the rules for the first time. Throws `config_error` naming the key at fault. */
  static async open(options: X509Options, context: CertificateContext, at: string): Promise<CertificateAuthenticator> {
    const authenticator = new CertificateAuthenticator(options, context, at)
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
  async authenticate(shown: ShownRequest): Promise<AuthenticatedClient | undefined> {
    try {
      const identity = await this.#verifier.identify(shown, this.#clock())
      return identity && (await this.#clientOf(identity))
    } catch (error) {
      throw asOAuthError(error)
    }
  }

  /** What tells one who shows a certificate from another before anything is judged, so that each can be counted by himself. */
  shownBy(shown: ShownRequest): string | undefined {
    return this.#verifier.shownBy(shown)
  }

  async #clientOf(identity: Identity): Promise<AuthenticatedClient> {
    const [rules, mapping] = await Promise.all([this.#rules.get(), this.#mapping?.get()])
    const { dn, fqans, limited, notAfter } = identity
    const username = identity.username ?? mapping?.get(dn)
    const subject = username ?? dn
    if (!isSubject(subject)) throw refused('ambiguous_name', 'the name is one that no token can carry')
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
    ...given({ audiences, defaultAudience, lifetime, profile, algorithm }),
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
    throw new ConfigError('config_error', `${at}: the file cannot be read: ${why}`, { cause })
  }
}

function describe({ dn, fqans, limited }: Identity): string {
  const groups = fqans.map(formatFqan).join(' ')
  return `${dn}${limited ? ' (limited proxy)' : ''}${groups === '' ? '' : `; ${groups}`}`
}

/** What an identity verifier throws, in OAuth's words. */
function asOAuthError(error: unknown): unknown {
  if (error instanceof TokenNotAcceptableError) return refused(wordOf(error, 'defect'), error.message, error)
  if (error instanceof UndecidedError) {
    const doubt = wordOf(error, 'doubt')
    return new OAuthError('temporarily_unavailable', `the certificate cannot be judged just now (${doubt})`, {
      detail: `${doubt}: ${error.message}`,
      headers: { 'retry-after': String(RETRY_AFTER_SECONDS) },
      cause: error,
    })
  }
  return error
}

function refused(defect: string, message: string, cause?: unknown): OAuthError {
  return new OAuthError('invalid_client', `the certificate is not acceptable (${defect}): ${message}`, {
    detail: `${defect}: ${message}`,
    headers: { 'www-authenticate': 'Basic realm="token endpoint", charset="UTF-8"' },
    cause,
  })
}

/** Why, as the verifier's error says it; its code where it does not. */
function wordOf(error: SciTokenError, name: 'defect' | 'doubt'): string {
  const word = (error as { readonly [name in 'defect' | 'doubt']?: unknown })[name]
  return typeof word === 'string' ? word : error.code
}
