import type { KeyRecord } from '../../src/record/record.ts'

/** A record big enough to span several pages of a file, all of which tell the same count. */
export function recordFor(issuer: string, count: number): KeyRecord {
  const keys = Array.from({ length: 40 }, (_, index) => ({ kty: 'EC', kid: `${count}-${index}`, x: 'x'.repeat(200) }))
  return {
    issuer,
    jwks: { keys },
    jwksUri: undefined,
    etag: undefined,
    lastModified: undefined,
    fetchedAt: count,
    refreshAt: count + 1,
    expiresAt: count + 2,
    attempt: count,
  }
}
