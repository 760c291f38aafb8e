import { withoutKey } from './segments.ts'
import type { Question } from './service.ts'

/** What a link carries. */
export interface Shared {
  readonly token: string
  readonly question: Partial<Question>
}

const NAMES: Readonly<Record<keyof Question, string>> = { issuer: 'iss', audience: 'aud', authz: 'op', path: 'path' }

/** Longest fragment that is read, in characters. */
const MAX_LENGTH = 100_000

/**
 * The part of an address after `#`, which browsers keep to themselves: the server never sees it. A holder's private key is never put
 * into it.
 */
export function toFragment({ token, question }: Shared): string {
  const parameters = new URLSearchParams({ token: withoutKey(token) })
  for (const [member, name] of Object.entries(NAMES) as [keyof Question, string][]) {
    const value = question[member]
    if (value !== undefined) parameters.set(name, value)
  }
  return `#${parameters.toString()}`
}

/** What a fragment carries; undefined where it carries no token. */
export function fromFragment(fragment: string): Shared | undefined {
  if (fragment.length > MAX_LENGTH) return undefined
  const parameters = new URLSearchParams(fragment.replace(/^#/, ''))
  const token = parameters.get('token')
  if (token === null) return undefined
  const given = (Object.entries(NAMES) as [keyof Question, string][]).flatMap(([member, name]) => {
    const value = parameters.get(name)
    return value === null ? [] : [[member, value] as const]
  })
  return { token: withoutKey(token), question: Object.fromEntries(given) }
}
