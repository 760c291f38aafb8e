import { decodeFormText } from '@scitokens/core/internal'
import type { Client } from '../clients/client.ts'
import { invalidClient, OAuthError } from '../http/oauth-error.ts'
import type { Secrets } from '../secrets/secrets.ts'

/** What an `Authorization: Basic` header says. */
export interface BasicCredentials {
  /** The spellings that the id may mean: form-decoded as RFC 6749 section 2.3.1 has it, and as it is. */
  readonly ids: readonly string[]
  /** As it is. Empty: the client only says its name. */
  readonly secret: string
  readonly secrets: readonly string[]
}

/**
 * Reads an `Authorization` header. RFC 6749 has id and secret form-encoded inside; half of the clients in the field do not,
 * so both readings are tried: generated secrets that mean two things do not exist.
 */
export function parseBasic(authorization: string | undefined): BasicCredentials | undefined {
  if (authorization === undefined) return undefined
  const match = /^basic +([A-Za-z0-9+/=_-]+) *$/i.exec(authorization)
  if (!match) {
    if (/^basic\b/i.test(authorization)) throw invalidClient('the Basic header is malformed')
    throw new OAuthError('invalid_request', 'the Authorization header of this request must be Basic')
  }
  const text = Buffer.from(match[1]!, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon === -1) throw invalidClient('the Basic header has no colon')
  const id = text.slice(0, colon)
  const secret = text.slice(colon + 1)
  return { ids: spellings(id), secret, secrets: spellings(secret) }
}

function spellings(text: string): readonly string[] {
  if (!/[%+]/.test(text)) return [text]
  try {
    const decoded = decodeFormText(text)
    return decoded === text ? [text] : [decoded, text]
  } catch {
    return [text]
  }
}

/** Compares keyed hashes in constant time. High-entropy secrets need no password hash, which would cost the CPU of 10 000 tokens. */
export function secretMatches(client: Client, presented: readonly string[], secrets: Secrets): boolean {
  return client.secretHashes.some((hash) =>
    presented.some((secret) => secrets.matches('client-secret', hash, client.clientId, secret)),
  )
}
