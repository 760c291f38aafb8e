import { randomUUID } from 'node:crypto'
import { randomToken, type Secrets } from '../secrets/secrets.ts'

const TAG_LENGTH = 22

/**
 * The `jti` of an access token. One that came of a login has the login's tag in front, so that all tokens of it can be revoked by
 * one entry, and none has to be stored (RFC 7009 section 2.1). The tag tells nothing but that two tokens came of the same login.
 *
 * @param tag - of {@link familyTag} or {@link tagOf}. Undefined: the token came of no login.
 */
export function newTokenId(tag: string | undefined): string {
  return tag === undefined ? randomUUID() : `${tag}.${randomToken(12)}`
}

/** The tag of a refresh family. */
export function familyTag(secrets: Secrets, familyId: string): string {
  return secrets.hash('lookup', 'family-tag', familyId).slice(0, TAG_LENGTH)
}

/** The tag in a `jti` of this issuer. */
export function tagOf(jti: string): string | undefined {
  return /^[\w-]{22}\.[\w-]{16}$/.test(jti) ? jti.slice(0, TAG_LENGTH) : undefined
}
