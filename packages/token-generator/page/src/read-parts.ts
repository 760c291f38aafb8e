import type { JsonObject } from '@scitokens/core'
import { escapeHidden, showHidden } from '@scitokens/core/internal'
import { isChain } from './profile-of.ts'

/** A part of a token, read for display; that it can be read says nothing about whether it is true. */
export interface Part {
  /** Pretty-printed where it is JSON, else as decoded; hidden characters are escapes, or named. */
  readonly text: string
  /** Undefined where it is no JSON object; for a chain's link, what stands in its array. */
  readonly value: JsonObject | undefined
  readonly problem: string | undefined
}

/** Header and claims, as far as they can be read: broken tokens are to be looked at, too. */
export interface Parts {
  readonly header: Part
  readonly claims: Part
  /** Bytes of the signature; undefined where it is no base64url. */
  readonly signatureBytes: number | undefined
}

/** Reads what can be read of a token. Verification reads it anew, and strictly. */
export function readParts(token: string): Parts {
  const [header = '', claims = '', signature = ''] = token.split('.')
  const head = readPart(header, 'the header', asObject)
  return {
    header: head,
    claims: readPart(claims, 'the payload', isChain(head.value) ? onlyMember : asObject),
    signatureBytes: decode(signature)?.length,
  }
}

/** What a part says, or why it is nothing that could be told. */
type Reading = (value: unknown) => JsonObject | string

const asObject: Reading = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : 'is not a JSON object'

/** A link of a chain is no JWT, so that nobody takes it for one: its claims stand in an array. */
const onlyMember: Reading = (value) =>
  Array.isArray(value) && value.length === 1 && typeof asObject(value[0]) !== 'string'
    ? asObject(value[0])
    : 'of a chain’s link is not a JSON array with one object'

function readPart(encoded: string, what: string, read: Reading): Part {
  const bytes = decode(encoded)
  if (!bytes) return { text: '', value: undefined, problem: `${what} is not base64url` }
  const text = new TextDecoder().decode(bytes)
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return { text: showHidden(text), value: undefined, problem: `${what} is not a JSON object` }
  }
  const value = read(parsed)
  if (typeof value === 'string') return { text: showHidden(text), value: undefined, problem: `${what} ${value}` }
  return { text: escapeHidden(JSON.stringify(parsed, undefined, 2)), value, problem: undefined }
}

function decode(text: string): Uint8Array | undefined {
  if (text === '' || !/^[\w-]+=*$/.test(text)) return undefined
  try {
    return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0))
  } catch {
    return undefined
  }
}
