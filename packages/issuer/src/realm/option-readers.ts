import {
  anything,
  callable,
  choice,
  flag,
  having,
  listOf,
  type Logger,
  nested,
  type OptionReaders,
  type Reader,
  text,
  whole,
} from '@scitokens/core/internal'
import type { Clock, KeySource } from '@scitokens/core'
import type { AuditSink } from '../audit/audit.ts'
import type { IdentityVerifier } from '../certificates/identity-verifier.ts'
import type { X509Options } from '../certificates/options.ts'
import { CLIENT_PROPERTY_READERS, REFRESH_READERS } from '../clients/client-properties.ts'
import type { ClientOptions } from '../clients/client-options.ts'
import type { RegistrationOptions } from '../clients/registration.ts'
import type { KeyProvider } from '../keys/key-provider.ts'
import type { KeyScheduleOptions } from '../keys/key-schedule.ts'
import type { Upstream } from '../people/upstream.ts'
import { POLICY_READERS } from '../policy/policy-readers.ts'
import type { MasterKeyOptions } from '../secrets/master-key.ts'
import type { StorageOptions } from '../store/storages.ts'
import type { IssuerOptions, RealmOptions } from './options.ts'

const seconds = whole(1, Number.MAX_SAFE_INTEGER, 'seconds')
const secondsOrNone = whole(0, Number.MAX_SAFE_INTEGER, 'seconds')
const texts = listOf(text, { empty: true })
const textOrTexts: Reader<string | readonly string[]> = (value, name) =>
  Array.isArray(value) ? texts(value, name) : text(value, name)

const CLIENT: OptionReaders<ClientOptions> = {
  ...CLIENT_PROPERTY_READERS,
  // Judged by `readClient`, which says more.
  clientId: anything as Reader<string>,
  clientSecret: textOrTexts,
}

/** The form of the options of registration. */
export const REGISTRATION_READERS: OptionReaders<RegistrationOptions> = {
  initialAccessTokens: listOf(text),
  scopes: texts,
  audiences: texts,
  defaultAudience: textOrTexts,
  perAddressPerHour: whole(1, Number.MAX_SAFE_INTEGER, 'registrations'),
}

const X509: OptionReaders<X509Options> = {
  verifier: (value, name) => {
    // Both are asked of every verifier: a half of one would fail at the first certificate.
    for (const method of ['identify', 'shownBy'])
      having<IdentityVerifier>(method, `an identity verifier, with ${method}`)(value, name)
    return value as IdentityVerifier
  },
  rules: text,
  dnMapping: text,
  clientId: text,
  audiences: texts,
  defaultAudience: textOrTexts,
  lifetime: seconds,
  profile: choice('scitoken:2.0', 'wlcg:1.x'),
  algorithm: choice('ES256', 'RS256'),
}

const KEYS: OptionReaders<KeyScheduleOptions> = {
  publishAheadSeconds: seconds,
  signingSeconds: seconds,
  retainSeconds: seconds,
}

/** The form of the options of one realm. */
export const REALM_READERS: OptionReaders<RealmOptions> = {
  issuer: text,
  clients: listOf(nested(CLIENT), { empty: true }),
  policy: nested(POLICY_READERS),
  profile: choice('scitoken:2.0', 'wlcg:1.x'),
  wlcgVersion: text,
  algorithms: listOf(choice('ES256', 'RS256')),
  lifetime: seconds,
  maxLifetime: seconds,
  backdate: secondsOrNone,
  refresh: nested(REFRESH_READERS),
  codeSeconds: seconds,
  deviceCodeSeconds: seconds,
  deviceIntervalSeconds: seconds,
  idTokenSeconds: seconds,
  sessionSeconds: seconds,
  loginSeconds: seconds,
  pageSeconds: seconds,
  wrongCodes: whole(1, Number.MAX_SAFE_INTEGER, 'codes'),
  wrongCodeSeconds: seconds,
  login: having<Upstream>('step', 'a way to log in, such as an OpenIdLogin'),
  registration: nested(REGISTRATION_READERS),
  x509: nested(X509),
  keys: nested(KEYS),
  keyProvider: having<KeyProvider>('create', 'a key provider'),
  metadataMaxAgeSeconds: seconds,
  jwksMaxAgeSeconds: seconds,
  openapi: flag,
  scopesSupported: texts,
}

/** The form of an issuer's options. What they say is judged where it is used. */
export const ISSUER_READERS: OptionReaders<IssuerOptions> = {
  ...REALM_READERS,
  realms: listOf(nested(REALM_READERS)),
  // Each storage and the master key check their own.
  storage: anything as Reader<StorageOptions>,
  masterKey: anything as Reader<MasterKeyOptions>,
  audit: having<AuditSink>('write', 'an audit sink'),
  logger: having<Logger>('info', 'a logger'),
  clock: callable<Clock>(),
  foreignKeys: having<KeySource>('getKeySet', 'a key source'),
  clientCertificates: choice('asked', 'verified'),
  dangerouslyAllowLoopbackHttp: flag,
  maintenanceIntervalMs: whole(1, 2_147_483_647, 'milliseconds'),
  maxBodyBytes: whole(1, Number.MAX_SAFE_INTEGER, 'bytes'),
  acceptMultipart: flag,
}
