// Runs in browsers too: the page makes its broken tokens with it.
import type { JsonObject, Signer } from '@scitokens/core'

/**
 * Signs header and claims as they are, without judging them: a demonstration also has to show what verifiers refuse. `alg` and `kid`
 * are the signer's unless `header` says otherwise.
 */
export async function signFreely(
  signer: Signer,
  claims: JsonObject | string,
  header: JsonObject = {},
): Promise<string> {
  const input = signingInput({ alg: signer.alg, typ: 'JWT', kid: signer.kid, ...header }, claims)
  return `${input}.${toBase64url(await signer.sign(new TextEncoder().encode(input)))}`
}

/** What is signed. Claims that are text are taken as JSON that is written already. */
export function signingInput(header: JsonObject, claims: JsonObject | string): string {
  const encode = (text: string): string => toBase64url(new TextEncoder().encode(text))
  return `${encode(JSON.stringify(header))}.${encode(typeof claims === 'string' ? claims : JSON.stringify(claims))}`
}

/** Base64url without padding: RFC 7515 section 2. */
export function toBase64url(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}
