import { encodeBase64url } from '../src/jose/base64url.ts'
import type { Signer } from '../src/index.ts'

const encoder = new TextEncoder()

/** base64url of text, bytes or JSON. */
export function part(value: unknown): string {
  if (value instanceof Uint8Array) return encodeBase64url(value)
  return encodeBase64url(encoder.encode(typeof value === 'string' ? value : JSON.stringify(value)))
}

/** Signs whatever it is given: header and claims that no honest signer would make. */
export async function forge(signer: Pick<Signer, 'sign'>, header: unknown, claims: unknown): Promise<string> {
  const input = `${part(header)}.${part(claims)}`
  return `${input}.${encodeBase64url(await signer.sign(encoder.encode(input)))}`
}
