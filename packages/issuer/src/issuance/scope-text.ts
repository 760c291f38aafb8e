import type { Client } from '../clients/client.ts'
import type { Parameters } from '../http/parameters.ts'

/** What the client says that it wants: `scope`, and `scopes` from clients that are allowed this misspelling of the field. */
export function scopeText(client: Client, parameters: Parameters): string | undefined {
  return parameters.one('scope') ?? (client.acceptScopesAlias ? parameters.one('scopes') : undefined)
}
