import { type Algorithm, ANY_AUDIENCE, ConfigError, WLCG_ANY_AUDIENCE } from '@scitokens/core'
import { isGroupName, quote } from '@scitokens/core/internal'
import { within } from '../policy/policy.ts'
import { parseTemplate } from '../policy/template.ts'
import type { Secrets } from '../secrets/secrets.ts'
import type { Client, ClientAuthMethod, GrantType } from './client.ts'
import type { ClientOptions } from './client-options.ts'
import { checkRedirectUri } from './redirect-uri.ts'

/** What TLS does with client certificates: it asks for them, and authorities vouch for them too. RFC 8705 sections 2.2 and 2.1. */
export type ClientCertificateUse = 'asked' | 'verified'

/** What the issuer says where a client says nothing. */
export interface ClientDefaults {
  readonly lifetime: number
  readonly maxLifetime: number
  readonly profile: 'scitoken:2.0' | 'wlcg:1.x'
  readonly algorithms: readonly Algorithm[]
  readonly refresh: Client['refresh']
  /** Undefined: TLS asks for none. */
  readonly clientCertificates: ClientCertificateUse | undefined
}

const MIN_SECRET_LENGTH = 16

/** All grants, with the short names that errors and documentation use. */
export const GRANT_TYPES: readonly GrantType[] = [
  'client_credentials',
  'authorization_code',
  'refresh_token',
  'urn:ietf:params:oauth:grant-type:device_code',
  'urn:ietf:params:oauth:grant-type:token-exchange',
  'urn:ietf:params:oauth:grant-type:jwt-bearer',
]

const INTERACTIVE: readonly GrantType[] = [
  'authorization_code',
  'urn:ietf:params:oauth:grant-type:device_code',
  'refresh_token',
]

/** Checks a client's configuration. Throws `config_error` naming the key at fault. */
export function readClient(options: ClientOptions, defaults: ClientDefaults, secrets: Secrets, at: string): Client {
  const { clientId } = options
  const refuse = (key: string, why: string): ConfigError => new ConfigError('config_error', `${at}.${key}: ${why}`)
  // RFC 6749 appendix A.1: printable ASCII.
  if (typeof clientId !== 'string' || !/^[\x20-\x7e]{1,256}$/.test(clientId))
    throw refuse('clientId', 'must be printable ASCII')
  const clientSecrets = [options.clientSecret ?? []].flat()
  for (const secret of clientSecrets) {
    if (secret.length < MIN_SECRET_LENGTH)
      throw refuse('clientSecret', `must have ${MIN_SECRET_LENGTH} characters or more`)
  }
  checkCertificates(options.certificates ?? [], defaults.clientCertificates, `${at}.certificates`)
  const methods = authMethods(options, clientSecrets.length > 0)
  const confidential = !methods.has('none')
  const redirectUris = options.redirectUris ?? []
  for (const uri of redirectUris) within(`${at}.redirectUris`, () => checkRedirectUri(uri))
  const algorithm = options.algorithm ?? defaults.algorithms[0]!
  if (!defaults.algorithms.includes(algorithm))
    throw refuse('algorithm', `${algorithm} is not among the issuer's algorithms`)
  const grants = new Set(
    options.grants ?? (redirectUris.length > 0 || !confidential ? INTERACTIVE : ['client_credentials' as const]),
  )
  const unknown = [...grants].find((grant) => !GRANT_TYPES.includes(grant))
  if (unknown !== undefined) throw refuse('grants', `${quote(unknown)} is no grant type`)
  if (grants.has('client_credentials') && !confidential)
    throw refuse('grants', 'client_credentials needs a client with credentials')
  if (grants.has('authorization_code') && redirectUris.length === 0 && options.grants) {
    throw refuse('redirectUris', 'authorization_code needs a redirect URI')
  }
  // Whoever knows the id of a public client can ask in its name. RFC 8252 section 8.6, RFC 6819 section 5.2.4.1.
  if (options.skipConsent && !confidential) throw refuse('skipConsent', 'needs a client with credentials')
  // RFC 9700 section 2.2.2.
  if (options.refresh?.rotate === false && !confidential)
    throw refuse('refresh.rotate', 'is always on for a client without credentials')
  for (const group of options.groups ?? []) {
    if (!isGroupName(group)) throw refuse('groups', `${quote(group)} is no group: write /vo/group`)
  }
  const lifetime = seconds(options.lifetime ?? defaults.lifetime, `${at}.lifetime`)
  if (lifetime > defaults.maxLifetime)
    throw refuse('lifetime', `${lifetime} s is over the issuer's limit of ${defaults.maxLifetime} s`)
  const audiences = options.audiences ?? []
  return {
    clientId,
    name: options.clientName ?? clientId,
    methods,
    secretHashes: clientSecrets.map((secret) => secrets.hash('client-secret', clientId, secret)),
    jwks: options.jwks,
    certificates: options.certificates ?? [],
    grants,
    redirectUris,
    requirePkce: !confidential || (options.requirePkce ?? true),
    ceiling: options.scopes && within(`${at}.scopes`, () => options.scopes!.map(parseTemplate)),
    defaults: options.defaultScopes && within(`${at}.defaultScopes`, () => options.defaultScopes!.map(parseTemplate)),
    audience: {
      allowed: audiences,
      default: options.defaultAudience === undefined ? audiences.filter(isOneServer) : [options.defaultAudience].flat(),
    },
    subject: options.subject ?? clientId,
    groups: options.groups ?? [],
    lifetime,
    profile: options.profile ?? defaults.profile,
    profileByRequest: options.profileByRequest ?? true,
    algorithm,
    refresh: { ...defaults.refresh, ...options.refresh, ...(confidential ? {} : { rotate: true }) },
    exchange: { from: [], widenAudience: false, refresh: false, ...options.exchange },
    assertions: options.assertions ?? [],
    chains: options.chains ?? false,
    acceptScopesAlias: options.acceptScopesAlias ?? false,
    skipConsent: options.skipConsent ?? false,
    selfRegistered: false,
  }
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

function authMethods(options: ClientOptions, hasSecret: boolean): ReadonlySet<ClientAuthMethod> {
  if (options.authMethods) return new Set(options.authMethods)
  const methods: ClientAuthMethod[] = []
  if (hasSecret) methods.push('secret')
  if (options.jwks !== undefined) methods.push('private_key_jwt')
  if (options.certificates && options.certificates.length > 0) methods.push('tls')
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
