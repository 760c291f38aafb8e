import type { JsonObject } from '@scitokens/core'
import type { Parameters } from '../http/parameters.ts'
import type { RealmContext } from '../context/realm-context.ts'

/** What a browser shows by its cookie: a session, or a login under way. */
export interface Shown {
  /** Nobody can guess it; new with every session and login. */
  readonly id: string
}

/** The pages with a form. A form of one is worth nothing at another. */
export type FormPurpose = 'login' | 'consent' | 'device' | 'device-answer' | 'applications' | 'logout'

/** The hidden field of every form. */
export const FORM_FIELD = 'page'

/**
 * Makes the token of a form: what the page was shown for, encrypted, and good in this browser alone, so that a form that comes back is
 * the one that this person saw (which is what a CSRF token is for).
 *
 * @param seconds - how long the page may lie open. Default: `pageSeconds` of the issuer.
 */
export function sealForm(
  realm: RealmContext,
  shown: Shown,
  purpose: FormPurpose,
  value: JsonObject = {},
  seconds: number = realm.times.pageSeconds,
): string {
  const expiresAt = Math.floor(realm.clock()) + seconds
  return realm.secrets.seal('page', JSON.stringify({ value, expiresAt }), contextOf(realm, shown, purpose))
}

/**
 * The one judge of every form that is posted: what {@link sealForm} put into it. Undefined for a form of somebody else, of another kind
 * or too old, and wherever the cookie or the token is not there: two that are both missing are not the same.
 *
 * The token is opened by AES-GCM, whose tag OpenSSL compares in constant time.
 */
export function openForm(
  realm: RealmContext,
  shown: Shown | undefined,
  purpose: FormPurpose,
  form: Parameters,
): JsonObject | undefined {
  const token = form.one(FORM_FIELD)
  if (token === undefined || token === '') return undefined
  if (shown === undefined || typeof shown.id !== 'string' || shown.id === '') return undefined
  const text = realm.secrets.open('page', token, contextOf(realm, shown, purpose))
  if (text === undefined) return undefined
  const { value, expiresAt } = JSON.parse(text) as { value: JsonObject; expiresAt: number }
  return expiresAt > realm.clock() ? value : undefined
}

function contextOf({ issuer }: RealmContext, { id }: Shown, purpose: FormPurpose): string {
  return `${issuer} ${id} ${purpose}`
}
