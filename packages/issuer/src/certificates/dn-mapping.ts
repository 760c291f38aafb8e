import { isSubject, normaliseDn } from '@scitokens/core/internal'

/** User names by distinguished name. */
export type DnMapping = ReadonlyMap<string, string>

/** Reads `dn_mapping.json`: `{"/DC=org/CN=Ana": "ana"}`. Throws for a file that is none; a name that no token can carry is nobody's. */
export function readDnMapping(content: Buffer): DnMapping {
  const document: unknown = JSON.parse(content.toString('utf8'))
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw new Error('it is no object of names')
  }
  const mapping = new Map<string, string>()
  for (const [dn, username] of Object.entries(document)) {
    if (!dn.startsWith('/')) throw new Error(`${JSON.stringify(dn.slice(0, 80))} is no distinguished name`)
    if (isSubject(username)) mapping.set(normaliseDn(dn), username)
  }
  return mapping
}
