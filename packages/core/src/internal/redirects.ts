import { quote } from '../errors.ts'
import { isSecureUrl, readUrl } from './urls.ts'

/** Which redirects are followed. */
export interface RedirectRule {
  /** The most that are followed for one document. */
  readonly maxRedirects: number
  /** Origins (`https://keys.example`) that redirects may lead to, besides the document's own. */
  readonly redirectOrigins: readonly string[]
  /** Follow redirects to `http` on this machine too, for demonstrations and tests. */
  readonly dangerouslyAllowLoopbackHttp: boolean
}

/** Where a redirect leads to, or why it is not followed: the end of a sentence that begins with who redirects. */
export type RedirectTarget = { readonly url: URL } | { readonly refusal: string }

/** Statuses that say where else the document is. RFC 9110 section 15.4. */
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308]

/** Whether an answer with this status says only where else the document is. */
export function isRedirect(status: number): boolean {
  return REDIRECTS.includes(status)
}

/**
 * Judges a redirect: it must stay on HTTPS and on the origin of the document that was asked for. Whoever can make a server redirect must not be
 * able to choose who answers.
 *
 * @param location - the header `Location` of the answer.
 * @param from - what was asked just now.
 * @param first - what was asked at the beginning.
 * @param followed - redirects that were followed so far.
 */
export function redirectTarget(
  location: string | undefined,
  { from, first, followed }: { readonly from: URL; readonly first: URL; readonly followed: number },
  rule: RedirectRule,
): RedirectTarget {
  const url = readUrl(location, from)
  if (url === undefined) return { refusal: 'redirects to nowhere' }
  if (followed >= rule.maxRedirects) return { refusal: `redirects more than ${rule.maxRedirects} times` }
  if (!isSecureUrl(url, rule.dangerouslyAllowLoopbackHttp)) return { refusal: 'redirects to what is not https' }
  const isKnown = url.origin === first.origin || rule.redirectOrigins.includes(url.origin)
  if (isKnown && url.username === '' && url.password === '') return { url }
  return {
    refusal: `redirects to another origin, ${quote(url.origin)}: where that is meant, name it in redirectOrigins`,
  }
}
