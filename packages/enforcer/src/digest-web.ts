// The build of `#digest` for every platform without node:crypto: SHA-256 by Web Cryptography.

const encoder = new TextEncoder()

/** SHA-256 of a text, as a key for a map. */
export async function digest(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(text)))
  return String.fromCharCode(...bytes)
}
