import type { FamilyName } from './family.ts'
import type { Wanted } from '../oauth/oauth-client.ts'
import type { Row } from './state-database.ts'

/** What a sealed text belongs to: it cannot be moved to another user's row. */
export function placeOf({ owner, service, handle }: Required<FamilyName>): string {
  return [owner, service, handle].join('\0')
}

/** The lists that a family or a token is for. */
export function wantedFrom(row: Row): Wanted {
  return {
    scopes: JSON.parse(String(row['scopes'])) as string[],
    audience: JSON.parse(String(row['audience'])) as string[],
  }
}
