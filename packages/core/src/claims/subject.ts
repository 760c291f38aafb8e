/** Longest subject, in characters. OpenID Connect Core section 2: at most 255 ASCII characters. */
const MAX_LENGTH = 255

/** Whether this can be the `sub` of tokens that we sign: printable ASCII, at most 255 characters, without spaces at its ends. */
export function isSubject(subject: unknown): subject is string {
  return (
    typeof subject === 'string' &&
    subject.length <= MAX_LENGTH &&
    /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(subject)
  )
}
