import type { JsonObject } from '@scitokens/core'
import { escapeHidden } from '@scitokens/core/internal'

/** A line for a shell and what it does. */
export interface CommandLine {
  readonly title: string
  readonly line: string
}

/** Claims that the server sets itself. */
const SET_BY_SERVER: ReadonlySet<string> = new Set(['iss', 'iat', 'nbf', 'exp', 'jti'])

/** What to type for what the page does. */
export function commandLines(
  issuer: string,
  claims: JsonObject,
  { algorithm, profile }: { readonly algorithm: string; readonly profile: string },
): readonly CommandLine[] {
  const payload = Object.fromEntries(Object.entries(claims).filter(([name]) => !SET_BY_SERVER.has(name)))
  const body = escapeHidden(JSON.stringify({ payload, algorithm, ...(profile === 'scitoken:2.0' ? {} : { profile }) }))
  return [
    { title: 'Get a token with these claims', line: `TOKEN=$(curl -s ${issuer}/issue -d ${quoted(body)})` },
    { title: 'See what it says', line: 'echo "$TOKEN" | scitokens decode' },
    { title: 'Is it good?', line: `curl -s ${issuer}/verify -d "{\\"token\\":\\"$TOKEN\\"}"` },
    { title: 'Use it', line: `curl -H "Authorization: Bearer $TOKEN" ${issuer}/protected` },
    { title: 'A broken one, for the tests of your library', line: `curl -s ${issuer}/samples/traversal` },
  ]
}

/** As one word of a shell. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
