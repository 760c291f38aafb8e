import type { DescribedClient } from '@scitokens/issuer'
import { alignColumns } from './table.ts'

/** Grants by short names. */
const GRANTS: Readonly<Record<string, string>> = {
  device: 'urn:ietf:params:oauth:grant-type:device_code',
  exchange: 'urn:ietf:params:oauth:grant-type:token-exchange',
  assertion: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
  code: 'authorization_code',
  refresh: 'refresh_token',
}

/** The grant that a word of the command line means. */
export function grantOf(word: string): string {
  return GRANTS[word] ?? word
}

/** Clients, one a line. */
export function tableOf(clients: readonly DescribedClient[]): string {
  return alignColumns([
    ['CLIENT', 'FROM', 'SHOWS', 'GRANTS', 'AT MOST'],
    ...clients.map((client) => [
      client.clientId,
      client.origin,
      client.authMethods.join(' '),
      client.grants.map(grantName).join(' '),
      client.problem ?? client.scopes?.join(' ') ?? '(by policy)',
    ]),
  ])
}

/** One client, a property a line. */
export function describe(client: DescribedClient): string {
  const time = (seconds: number): string => new Date(seconds * 1000).toISOString()
  const secrets = (client.secrets ?? []).map(({ createdAt, until }) =>
    [`made ${time(createdAt)}`, ...(until === undefined ? [] : [`ends ${time(until)}`])].join(', '),
  )
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['client', client.clientId],
    ['name', client.name],
    ['from', client.origin],
    ['approved', client.approved === undefined ? undefined : client.approved ? 'yes' : 'no'],
    ['problem', client.problem],
    ['shows', client.authMethods.join(' ')],
    ['grants', client.grants.map(grantName).join(' ')],
    ['at most', client.scopes?.join(' ') ?? '(by policy)'],
    ['without asking', client.defaultScopes?.join(' ')],
    ['audiences', client.audiences.join(' ')],
    ['redirect URIs', client.redirectUris.join(' ')],
    ['groups', client.groups.join(' ')],
    ['lifetime', `${client.lifetime} s`],
    ['profile', client.profile],
    ['made', client.createdAt === undefined ? undefined : time(client.createdAt)],
    ...secrets.map((text) => ['secret', text] as const),
  ]
  return alignColumns(rows.flatMap(([name, value]) => (value === undefined || value === '' ? [] : [[name, value]])))
}

/** The word of the command line for a grant. */
export function grantName(grant: string): string {
  return Object.keys(GRANTS).find((name) => GRANTS[name] === grant) ?? grant
}
