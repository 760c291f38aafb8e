import { z } from 'zod'
import type { ClientOptions } from '../clients/client-options.ts'
import type { RegistrationOptions } from '../clients/registration.ts'
import type { MasterKeyOptions, RealmOptions } from '../options.ts'
import type { HeaderLoginOptions } from '../people/header-login.ts'
import type { OpenIdLoginOptions } from '../people/openid-login.ts'

/** A secret as written: where it stands. */
export type SecretReference = { readonly file: string } | { readonly env: string }

/** A client as written: like {@link ClientOptions}, but its secrets stand elsewhere. */
export interface ConfiguredClient extends Omit<ClientOptions, 'clientSecret'> {
  /** Several while it is being changed. */
  readonly clientSecret?: SecretReference | readonly SecretReference[]
}

/** How people log in, as written: one of three. */
export type LoginConfig =
  /** Anybody, on a loopback issuer only. */
  | { readonly development: true }
  | { readonly header: Omit<HeaderLoginOptions, 'secret'> & { readonly secret?: SecretReference } }
  | {
      readonly openid: Omit<OpenIdLoginOptions, 'clientSecret' | 'dangerouslyAllowLoopbackHttp'> & {
        readonly clientSecret: SecretReference
      }
    }

/** Registration by clients themselves, as written. */
export interface ConfiguredRegistration extends Omit<RegistrationOptions, 'initialAccessTokens'> {
  readonly initialAccessTokens?: readonly SecretReference[]
}

/** One issuer as written. */
export interface ConfiguredRealm extends Omit<RealmOptions, 'clients' | 'keyProvider' | 'login' | 'registration'> {
  readonly clients?: readonly ConfiguredClient[]
  /** Default: nobody can; then there is no authorization and no device endpoint. */
  readonly login?: LoginConfig
  readonly registration?: ConfiguredRegistration
}

/** Where the issuer listens. */
export interface ListenConfig {
  /** Default: 127.0.0.1. */
  readonly host?: string
  /** Default: 443 with TLS, 8080 without. */
  readonly port?: number
  /** PEM files: the server's certificate with its chain, and its key. Without: a proxy does TLS. */
  readonly tls?: {
    readonly certificate: string
    readonly key: string
    /** Authorities whose client certificates are asked for. Default: none are. */
    readonly clientCa?: string
  }
  /** Addresses or networks whose `X-Forwarded-*` headers are believed. Default: none. */
  readonly trustedProxies?: readonly string[]
}

/** The configuration file of `scitokens issuer serve`: YAML or JSON. Unknown keys are mistakes. */
export interface ConfigFile extends Omit<ConfiguredRealm, 'issuer'> {
  readonly issuer?: string
  /** Several issuers (VOs) in one process, instead of `issuer`. */
  readonly realms?: readonly ConfiguredRealm[]
  readonly listen?: ListenConfig
  /** Health and metrics for the site alone. Default: 127.0.0.1, port 9464. `false`: not at all. */
  readonly operations?: false | { readonly host?: string; readonly port?: number }
  readonly storage:
    | { readonly file: string; readonly busyTimeoutMs?: number }
    | { readonly postgres: SecretReference; readonly maxConnections?: number }
  readonly masterKey?: Extract<MasterKeyOptions, { file: string }> | { readonly env: string }
  /** JSON lines are appended. Default: the log. `sync`: wait for the disk itself (default: false). */
  readonly audit?: { readonly file: string; readonly sync?: boolean }
  /** Requests per minute to endpoints that check secrets or write. Defaults: 600 and 300. */
  readonly rateLimit?: { readonly perAddress?: number; readonly perClient?: number }
  /** Default: info. */
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error'
  readonly maintenanceIntervalMs?: number
  readonly maxBodyBytes?: number
  readonly dangerouslyAllowLoopbackHttp?: boolean
}

/** A secret that stands elsewhere: in a file (readable by its owner only) or in an environment variable. */
const secret = z.union([z.strictObject({ file: z.string().min(1) }), z.strictObject({ env: z.string().min(1) })])

const seconds = z.int().positive()
const text = z.string().min(1)
const list = z.array(text)
const profile = z.enum(['scitoken:2.0', 'wlcg:1.x'])
const algorithm = z.enum(['ES256', 'RS256'])
const jwks = z.looseObject({ keys: z.array(z.looseObject({})) })

const refresh = z.strictObject({
  rotate: z.boolean().optional(),
  graceSeconds: z.int().nonnegative().optional(),
  lifetimeSeconds: seconds.optional(),
  maxSeconds: seconds.optional(),
})

const grant = z.enum([
  'client_credentials',
  'authorization_code',
  'refresh_token',
  'urn:ietf:params:oauth:grant-type:device_code',
  'urn:ietf:params:oauth:grant-type:token-exchange',
  'urn:ietf:params:oauth:grant-type:jwt-bearer',
])

const client = z.strictObject({
  clientId: text,
  clientName: text.optional(),
  clientSecret: z.union([secret, z.array(secret).min(1)]).optional(),
  jwks: jwks.optional(),
  certificates: z.array(z.strictObject({ sha256: text.optional(), subject: text.optional() })).optional(),
  authMethods: z.array(z.enum(['secret', 'private_key_jwt', 'tls', 'none'])).optional(),
  grants: z.array(grant).optional(),
  redirectUris: list.optional(),
  requirePkce: z.boolean().optional(),
  scopes: list.optional(),
  defaultScopes: list.optional(),
  audiences: list.optional(),
  defaultAudience: z.union([text, list]).optional(),
  subject: text.optional(),
  groups: list.optional(),
  lifetime: seconds.optional(),
  profile: profile.optional(),
  profileByRequest: z.boolean().optional(),
  algorithm: algorithm.optional(),
  refresh: refresh.optional(),
  exchange: z
    .strictObject({ from: list.optional(), widenAudience: z.boolean().optional(), refresh: z.boolean().optional() })
    .optional(),
  assertions: z.array(z.strictObject({ issuer: text, jwks: jwks.optional(), subjects: list.optional() })).optional(),
  chains: z.boolean().optional(),
  acceptScopesAlias: z.boolean().optional(),
  skipConsent: z.boolean().optional(),
})

const oneOrMore = z.union([text, list])
const claimValue = z.union([z.string(), z.number(), z.boolean()])
const match = z.strictObject({
  client: oneOrMore.optional(),
  subject: oneOrMore.optional(),
  group: oneOrMore.optional(),
  claim: z.record(z.string(), z.union([claimValue, z.array(claimValue)])).optional(),
  kind: z.enum(['user', 'client']).optional(),
})

const policy = z.strictObject({
  rules: z.array(z.strictObject({ name: text.optional(), match: match.optional(), scopes: list })).optional(),
  capabilitySets: z.record(z.string(), z.strictObject({ scopes: list, match: match.optional() })).optional(),
  optionalGroups: list.optional(),
})

const login = z.union([
  z.strictObject({ development: z.literal(true) }),
  z.strictObject({
    header: z.strictObject({
      subjectHeader: text,
      nameHeader: text.optional(),
      groupsHeader: text.optional(),
      addresses: list.optional(),
      secret: secret.optional(),
      secretHeader: text.optional(),
    }),
  }),
  z.strictObject({
    openid: z.strictObject({
      issuer: text,
      clientId: text,
      clientSecret: secret,
      scope: text.optional(),
      subjectClaim: text.optional(),
      groupsClaim: text.optional(),
      keepClaims: list.optional(),
      timeoutSeconds: seconds.optional(),
    }),
  }),
])

const realm = {
  clients: z.array(client).optional(),
  policy: policy.optional(),
  profile: profile.optional(),
  wlcgVersion: text.optional(),
  algorithms: z.array(algorithm).min(1).optional(),
  lifetime: seconds.optional(),
  maxLifetime: seconds.optional(),
  backdate: z.int().nonnegative().optional(),
  refresh: refresh.optional(),
  codeSeconds: seconds.optional(),
  deviceCodeSeconds: seconds.optional(),
  deviceIntervalSeconds: seconds.optional(),
  idTokenSeconds: seconds.optional(),
  sessionSeconds: seconds.optional(),
  login: login.optional(),
  registration: z
    .strictObject({
      initialAccessTokens: z.array(secret).min(1).optional(),
      scopes: list.optional(),
      audiences: list.optional(),
      defaultAudience: oneOrMore.optional(),
      perAddressPerHour: z.int().positive().optional(),
    })
    .optional(),
  keys: z
    .strictObject({
      publishAheadSeconds: seconds.optional(),
      signingSeconds: seconds.optional(),
      retainSeconds: seconds.optional(),
    })
    .optional(),
  metadataMaxAgeSeconds: seconds.optional(),
  jwksMaxAgeSeconds: seconds.optional(),
  scopesSupported: list.optional(),
}

const listen = z.strictObject({
  host: text.optional(),
  port: z.int().min(0).max(65_535).optional(),
  tls: z.strictObject({ certificate: text, key: text, clientCa: text.optional() }).optional(),
  trustedProxies: list.optional(),
})

const file = z.strictObject({
  issuer: text.optional(),
  ...realm,
  realms: z.array(z.strictObject({ issuer: text, ...realm })).optional(),
  listen: listen.optional(),
  operations: z
    .union([z.literal(false), z.strictObject({ host: text.optional(), port: z.int().min(0).max(65_535).optional() })])
    .optional(),
  storage: z.union([
    z.strictObject({ file: text, busyTimeoutMs: z.int().positive().optional() }),
    z.strictObject({ postgres: secret, maxConnections: z.int().positive().optional() }),
  ]),
  masterKey: z
    .union([z.strictObject({ file: text, create: z.boolean().optional() }), z.strictObject({ env: text })])
    .optional(),
  audit: z.strictObject({ file: text, sync: z.boolean().optional() }).optional(),
  rateLimit: z
    .strictObject({
      perAddress: z.int().positive().optional(),
      perClient: z.int().positive().optional(),
    })
    .optional(),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).optional(),
  maintenanceIntervalMs: z.int().positive().optional(),
  maxBodyBytes: z.int().positive().optional(),
  dangerouslyAllowLoopbackHttp: z.boolean().optional(),
})

/** The form of a {@link ConfigFile}. What it says is judged by `createIssuer`. */
export const configSchema: z.ZodType<ConfigFile> = file as never
