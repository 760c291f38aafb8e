/** Text as forms and gridsite encode it: `%20` or `+` for a space. Throws `URIError` for a broken escape. */
export function decodeFormText(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '))
}
