/** Longest subject, in characters. OpenID Connect Core section 2: at most 255 ASCII characters. */
const MAX_LENGTH = 255

/** Whether what an upstream says can be the `sub` of tokens: printable ASCII without spaces at its ends. */
export function checkSubject(subject: unknown): subject is string {
  return (
    typeof subject === 'string' &&
    subject.length <= MAX_LENGTH &&
    /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(subject)
  )
}
