import { isDeepStrictEqual } from 'node:util'
import type { ClientMetadata } from './registration.ts'

/**
 * Which members of a client's metadata differ. All of them count: what people see (`client_name`, `client_uri`, `contacts`), where they are
 * sent (`redirect_uris`), what is asked for (`scope`, `grant_types`), and by what the client is known (`jwks`). The order of lists does not.
 */
export function changedMetadata(before: ClientMetadata, after: ClientMetadata): readonly string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof ClientMetadata>
  return [...names].filter((name) => !isDeepStrictEqual(sorted(before[name]), sorted(after[name])))
}

function sorted(value: unknown): unknown {
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value.toSorted() : value
}
