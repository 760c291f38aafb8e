/**
 * The last barrier before a message leaves the program: tokens and private keys are taken out, by the rule of core. Argument
 * parsers quote the word that they did not understand, and that word may be a token.
 */
export { redactSecrets as redact } from '@scitokens/core'

// C0 but for tab and newline, DEL, C1, and the characters that reorder text: a claim must not drive the terminal.
// oxlint-disable-next-line no-control-regex -- control characters are exactly what is meant
const UNPRINTABLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** Text of foreign origin, made safe for a terminal. */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
