import { type Algorithm, ANY_AUDIENCE, ConfigError, WLCG_ANY_AUDIENCE } from '@scitokens/core'
import { isGroupName, quote } from '@scitokens/core/internal'
import { within } from '../policy/policy.ts'
import { parseTemplate } from '../policy/template.ts'
import type { Secrets } from '../secrets/secrets.ts'
import type { Client } from './client.ts'
import { type ClientAuthMethod, type ClientCertificateUse, methodsWithMaterial } from './auth-method.ts'
import type { GrantFacts, GrantType } from './grant-type.ts'
import type { ClientOptions } from './client-options.ts'
import { checkRedirectUri } from './redirect-uri.ts'

/** What the issuer says where a client says nothing. */
export interface ClientDefaults {
  readonly lifetime: number
  readonly maxLifetime: number
  readonly profile: 'scitoken:2.0' | 'wlcg:1.x'
  readonly algorithms: readonly Algorithm[]
  readonly refresh: Client['refresh']
  /** All grants that there are. */
  readonly grants: readonly GrantFacts[]
  /** Undefined: TLS asks for none. */
  readonly clientCertificates: ClientCertificateUse | undefined
}

const MIN_SECRET_LENGTH = 16

/** Checks a client's configuration. Throws `config_error` naming the key at fault. */
export function readClient(options: ClientOptions, defaults: ClientDefaults, secrets: Secrets, at: string): Client {
  const clientId = readId(options, at)
  const clientSecrets = readSecrets(options, at)
  checkCertificates(options.certificates ?? [], defaults.clientCertificates, `${at}.certificates`)
  const methods = readMethods(options)
  const confidential = !methods.has('none')
  if (!confidential) checkPublic(options, at)
  const { redirectUris = [], groups = [], scopes, defaultScopes } = options
  for (const uri of redirectUris) within(`${at}.redirectUris`, () => checkRedirectUri(uri))
  checkGroups(groups, at)
  return {
    clientId,
    name: options.clientName ?? clientId,
    methods,
    secretHashes: clientSecrets.map((secret) => secrets.hash('client-secret', clientId, secret)),
    jwks: options.jwks,
    certificates: options.certificates ?? [],
    grants: readGrants(options, defaults.grants, confidential, at),
    redirectUris,
    requirePkce: !confidential || (options.requirePkce ?? true),
    ceiling: scopes && within(`${at}.scopes`, () => scopes.map(parseTemplate)),
    defaults: defaultScopes && within(`${at}.defaultScopes`, () => defaultScopes.map(parseTemplate)),
    audience: readAudience(options),
    subject: options.subject ?? clientId,
    groups,
    lifetime: readLifetime(options, defaults, at),
    profile: options.profile ?? defaults.profile,
    profileByRequest: options.profileByRequest ?? true,
    algorithm: readAlgorithm(options, defaults, at),
    refresh: { ...defaults.refresh, ...options.refresh, ...(confidential ? {} : { rotate: true }) },
    exchange: { from: [], widenAudience: false, refresh: false, ...options.exchange },
    assertions: options.assertions ?? [],
    chains: options.chains ?? false,
    acceptScopesAlias: options.acceptScopesAlias ?? false,
    skipConsent: options.skipConsent ?? false,
    selfRegistered: false,
  }
}

function refusal(at: string, key: string, why: string): ConfigError {
  return new ConfigError('config_error', `${at}.${key}: ${why}`)
}

/** RFC 6749 appendix A.1: printable ASCII. */
function readId({ clientId }: ClientOptions, at: string): string {
  if (typeof clientId === 'string' && /^[\x20-\x7e]{1,256}$/.test(clientId)) return clientId
  throw refusal(at, 'clientId', 'must be printable ASCII')
}

function readSecrets({ clientSecret = [] }: ClientOptions, at: string): readonly string[] {
  const clientSecrets = [clientSecret].flat()
  if (clientSecrets.every((secret) => secret.length >= MIN_SECRET_LENGTH)) return clientSecrets
  throw refusal(at, 'clientSecret', `must have ${MIN_SECRET_LENGTH} characters or more`)
}

/** What a client without credentials cannot have: whoever knows its id can ask in its name. */
function checkPublic({ skipConsent, refresh }: ClientOptions, at: string): void {
  // RFC 8252 section 8.6, RFC 6819 section 5.2.4.1.
  if (skipConsent) throw refusal(at, 'skipConsent', 'needs a client with credentials')
  // RFC 9700 section 2.2.2.
  if (refresh?.rotate === false) throw refusal(at, 'refresh.rotate', 'is always on for a client without credentials')
}

function checkGroups(groups: readonly string[], at: string): void {
  const wrong = groups.find((group) => !isGroupName(group))
  if (wrong !== undefined) throw refusal(at, 'groups', `${quote(wrong)} is no group: write /vo/group`)
}

function readAlgorithm({ algorithm }: ClientOptions, { algorithms }: ClientDefaults, at: string): Algorithm {
  if (algorithm === undefined) return algorithms[0]!
  if (algorithms.includes(algorithm)) return algorithm
  throw refusal(at, 'algorithm', `${algorithm} is not among the issuer's algorithms`)
}

function readLifetime(options: ClientOptions, { lifetime: usual, maxLifetime }: ClientDefaults, at: string): number {
  const lifetime = seconds(options.lifetime ?? usual, `${at}.lifetime`)
  if (lifetime <= maxLifetime) return lifetime
  throw refusal(at, 'lifetime', `${lifetime} s is over the issuer's limit of ${maxLifetime} s`)
}

function readAudience({ audiences = [], defaultAudience }: ClientOptions): Client['audience'] {
  return {
    allowed: audiences,
    default: defaultAudience === undefined ? audiences.filter(isOneServer) : [defaultAudience].flat(),
  }
}

/** Throws `config_error` for a grant that there is not, and for one that lacks what it needs. */
function readGrants(
  { grants: named, redirectUris = [] }: ClientOptions,
  all: readonly GrantFacts[],
  confidential: boolean,
  at: string,
): ReadonlySet<GrantType> {
  const kind = redirectUris.length > 0 || !confidential ? 'people' : 'robots'
  const byDefault = all.filter(({ givenTo }) => givenTo === kind).map(({ grantType }) => grantType)
  const grants = new Set(named ?? byDefault)
  for (const grant of grants) {
    const facts = all.find(({ grantType }) => grantType === grant)
    if (!facts) throw refusal(at, 'grants', `${quote(grant)} is no grant type`)
    const { shortName, needs } = facts
    if (needs.credentials && !confidential) throw refusal(at, 'grants', `${shortName} needs a client with credentials`)
    if (needs.redirectUri && redirectUris.length === 0 && named)
      throw refusal(at, 'redirectUris', `${shortName} needs a redirect URI`)
  }
  return grants
}

/** A client that waits for what never comes is a mistake, and so is a certificate that is described by nothing or twice. */
function checkCertificates(
  certificates: NonNullable<ClientOptions['certificates']>,
  use: ClientCertificateUse | undefined,
  at: string,
): void {
  for (const [index, { sha256, subject }] of certificates.entries()) {
    const refuse = (why: string): ConfigError => new ConfigError('config_error', `${at}[${index}]: ${why}`)
    if ((sha256 === undefined) === (subject === undefined)) throw refuse('name either sha256 or subject')
    if (sha256 !== undefined && !/^(?:[\dA-F]{64}|[\dA-F]{2}(?::[\dA-F]{2}){31}|[\w-]{43})$/i.test(sha256)) {
      throw refuse('sha256 is no SHA-256 in hex or base64url')
    }
    if (use === undefined) {
      throw refuse(
        'TLS asks for no certificates here, so that this client could never authenticate: name listen.tls.clientCa',
      )
    }
    if (sha256 === undefined && use !== 'verified') {
      throw refuse('no authority vouches for a subject here: name listen.tls.clientCa, or the certificate by sha256')
    }
  }
}

function readMethods(options: ClientOptions): ReadonlySet<ClientAuthMethod> {
  if (options.authMethods) return new Set(options.authMethods)
  const methods = methodsWithMaterial(options)
  return new Set(methods.length > 0 ? methods : ['none' as const])
}

function isOneServer(audience: string): boolean {
  return audience !== '*' && audience !== ANY_AUDIENCE && audience !== WLCG_ANY_AUDIENCE
}

/** A duration of the configuration: whole seconds, one or more. */
export function seconds(value: number, at: string): number {
  if (!Number.isSafeInteger(value) || value < 1)
    throw new ConfigError('config_error', `${at}: must be whole seconds, 1 or more`)
  return value
}
