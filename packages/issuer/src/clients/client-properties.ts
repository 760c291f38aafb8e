import { ConfigError, InvalidRequestError } from '@scitokens/core'
import {
  choice,
  flag,
  listOf,
  nested,
  type OptionReaders,
  type Reader,
  readOptions,
  text,
  whole,
  wrong,
} from '@scitokens/core/internal'
import { AUTH_METHOD_NAMES } from './auth-method.ts'
import type { AssertionPolicy, ClientCertificate, ExchangePolicy, RefreshPolicy } from './client.ts'
import type { ClientOptions } from './client-options.ts'
import { GRANT_TYPES } from './grant-type.ts'

/** What a client is beside its id and its secrets, which stand elsewhere in a file than in the store. */
export type ClientProperties = Omit<Partial<ClientOptions>, 'clientId' | 'clientSecret'>

const seconds = whole(1, Infinity, 'seconds')
/** An empty list says that there is nothing of the kind; it never stands for "all". */
const texts = listOf(text, { empty: true })

/** One, or several, or none: an empty list. */
const textOrTexts: Reader<string | readonly string[]> = (value, name) =>
  Array.isArray(value) ? texts(value, name) : text(value, name)

/** A document with keys; what the keys are is judged where they are used. */
const jwks: Reader<unknown> = (value, name) => {
  const keys = typeof value === 'object' && value !== null ? (value as { readonly keys?: unknown }).keys : undefined
  if (Array.isArray(keys) && keys.every((key) => typeof key === 'object' && key !== null)) return value
  throw wrong(name, 'a JWKS document, an object with a list of keys', value)
}

/** How refresh tokens behave. */
export const REFRESH_READERS: OptionReaders<Partial<RefreshPolicy>> = {
  rotate: flag,
  graceSeconds: whole(0, Infinity, 'seconds'),
  lifetimeSeconds: seconds,
  maxSeconds: seconds,
}

const CERTIFICATE: OptionReaders<ClientCertificate> = { sha256: text, subject: text }
const EXCHANGE: OptionReaders<Partial<ExchangePolicy>> = { from: texts, widenAudience: flag, refresh: flag }
const ASSERTION: OptionReaders<AssertionPolicy> = { issuer: text, jwks, subjects: texts }

/** The form of each property. What they say is judged by `readClient`. */
export const CLIENT_PROPERTY_READERS: OptionReaders<ClientProperties> = {
  clientName: text,
  jwks,
  certificates: listOf(nested(CERTIFICATE), { empty: true }),
  authMethods: listOf(choice(...AUTH_METHOD_NAMES), { empty: true }),
  grants: listOf(choice(...GRANT_TYPES), { empty: true }),
  redirectUris: texts,
  requirePkce: flag,
  scopes: texts,
  defaultScopes: texts,
  audiences: texts,
  defaultAudience: textOrTexts,
  subject: text,
  groups: texts,
  lifetime: seconds,
  profile: choice('scitoken:2.0', 'wlcg:1.x'),
  profileByRequest: flag,
  algorithm: choice('ES256', 'RS256'),
  refresh: nested(REFRESH_READERS),
  exchange: nested(EXCHANGE),
  assertions: listOf(nested(ASSERTION), { empty: true }),
  chains: flag,
  acceptScopesAlias: flag,
  skipConsent: flag,
}

/** Checks the form of properties, wherever they come from. Throws `invalid_request` naming the property at fault. */
export function readClientProperties(value: unknown): ClientProperties {
  try {
    return readOptions(value, CLIENT_PROPERTY_READERS)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const message = error.message.replace(/^the option /, 'the property ').replace('no option', 'no property')
    throw new InvalidRequestError('invalid_request', message, { cause: error })
  }
}
