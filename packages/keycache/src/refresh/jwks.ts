import { type Jwk, type Jwks, KeySet, type KeySetOptions } from '@scitokens/core'
import { given, quote } from '@scitokens/core/internal'
import { freshnessOf } from './cache-headers.ts'
import { type Exchange, getJson, unusable } from './remote.ts'
import type { KeyRecord } from '../record/record.ts'

/** Largest key set worth reading, in bytes. */
const MAX_JWKS_BYTES = 1024 * 1024

/** What a key set's request brought. */
export interface FetchedKeys {
  /** The document; undefined when the issuer says that what we have is still right (304). */
  readonly document: unknown
  readonly etag: string | undefined
  readonly lastModified: string | undefined
  /** Seconds that the HTTP headers grant; undefined when they say nothing. */
  readonly freshness: number | undefined
}

/**
 * Gets the key set at `uri`, with the validators of what is there already.
 *
 * Throws `discovery_failed` when the answer is no document, and as `getJson` does.
 */
export async function fetchJwks(uri: string, known: KeyRecord | undefined, exchange: Exchange): Promise<FetchedKeys> {
  const conditional = known?.jwksUri === uri ? known : undefined
  const answer = await getJson(uri, MAX_JWKS_BYTES, exchange, {
    accept: 'application/jwk-set+json, application/json',
    ...given({ 'if-none-match': conditional?.etag, 'if-modified-since': conditional?.lastModified }),
  })
  const freshness = freshnessOf(answer.headers, exchange.now)
  const { etag, 'last-modified': lastModified } = answer.headers
  if (answer.status === 200) return { document: answer.value, etag, lastModified, freshness }
  if (answer.status === 304 && conditional) {
    return {
      document: undefined,
      etag: etag ?? conditional.etag,
      lastModified: lastModified ?? conditional.lastModified,
      freshness,
    }
  }
  throw unusable(exchange.issuer, `the key set of ${quote(exchange.issuer)} is not there: status ${answer.status}`)
}

/** A key set ready for use, and what is worth keeping of the document. */
export interface CheckedKeys {
  readonly keySet: KeySet
  readonly jwks: Jwks
}

/**
 * Judges a key set document, key by key. Whatever cannot or must not be used is dropped alone; a document that leaves nothing is an
 * error, since an empty set would pass for "no such key". Throws `discovery_failed`.
 */
export async function checkJwks(document: unknown, issuer: string, options: KeySetOptions): Promise<CheckedKeys> {
  let keySet: KeySet
  const jwks = withoutSecrets(document)
  try {
    keySet = await KeySet.fromJwks(jwks ?? document, options)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw unusable(issuer, `the key set of ${quote(issuer)} cannot be used: ${why}`, cause)
  }
  if (keySet.keys.length === 0) {
    const why = keySet.dropped.map((key) => `${quote(key.kid ?? 'without kid')}: ${key.why}`).join('; ')
    throw unusable(
      issuer,
      `the key set of ${quote(issuer)} has no usable key${why === '' ? '' : ` (${why.slice(0, 500)})`}`,
    )
  }
  return { keySet, jwks: jwks! }
}

const PUBLIC_MEMBERS = ['kty', 'kid', 'alg', 'use', 'key_ops', 'crv', 'x', 'y', 'n', 'e'] as const
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const

/**
 * A copy with public members only, so that nothing secret is ever kept or written to a file. A key that was published with
 * its private part has no owner any more: anybody can sign with it, so it is left out altogether.
 */
function withoutSecrets(document: unknown): Jwks | undefined {
  const entries = (document as { keys?: unknown } | null)?.keys
  if (!Array.isArray(entries)) return undefined
  const keys = entries
    .filter((entry) => typeof entry === 'object' && entry !== null && !isPrivate(entry))
    .map(publicPart)
  return { keys }
}

function isPrivate(entry: object): boolean {
  return PRIVATE_MEMBERS.some((member) => Object.hasOwn(entry, member))
}

function publicPart(entry: Record<string, unknown>): Jwk {
  return Object.fromEntries(
    PUBLIC_MEMBERS.filter((member) => Object.hasOwn(entry, member)).map((member) => [member, entry[member]]),
  )
}
