import type { JsonObject } from '@scitokens/core'
import { escapeHidden, showHidden } from '@scitokens/core/internal'

/** A part of a token, read for display; that it can be read says nothing about whether it is true. */
export interface Part {
  /** Pretty-printed where it is JSON, else as decoded; hidden characters are escapes, or named. */
  readonly text: string
  /** Undefined where it is no JSON object. */
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
  return {
    header: readPart(header, 'the header'),
    claims: readPart(claims, 'the payload'),
    signatureBytes: decode(signature)?.length,
  }
}

function readPart(encoded: string, what: string): Part {
  const bytes = decode(encoded)
  if (!bytes) return { text: '', value: undefined, problem: `${what} is not base64url` }
  const text = new TextDecoder().decode(bytes)
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return { text: escapeHidden(JSON.stringify(value, undefined, 2)), value: value as JsonObject, problem: undefined }
    }
  } catch {
    // told below
  }
  return { text: showHidden(text), value: undefined, problem: `${what} is not a JSON object` }
}

function decode(text: string): Uint8Array | undefined {
  if (text === '' || !/^[\w-]+=*$/.test(text)) return undefined
  try {
    return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0))
  } catch {
    return undefined
  }
}
