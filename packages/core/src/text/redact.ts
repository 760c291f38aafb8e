/**
 * Takes secrets out of text before it is logged, printed or put into an error. The rule has this one place: what goes is known
 * by its form, so host names, paths and versions stay readable.
 */

const GONE = '[redacted]'

// How the base64url of a JSON object begins: `{"`, or `{` with a space, a tab or a line break.
const BEGINNING = /e(?:y[JA]|w[ok0])/
// What joins the parts of a compact JWS; in a URL a dot may be percent-encoded, and that once more.
const DOT = String.raw`(?:\.|%(?:25){0,9}2[eE])`
// Whole runs of words with dots between, so that a long text is read once and not again from each place where a token might begin.
const DOTTED = new RegExp(String.raw`[\w-]+(?:${DOT}[\w-]*)*`, 'g')
const DOTS = new RegExp(`(${DOT})`)

// Up to its end, single hyphens included: an encrypted key has lines of headers (`DEK-Info: AES-128-CBC,…`; RFC 1421 section 4.6). Of a
// block that was cut off, up to the next hyphen.
const PEM_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[^-]*(?:-(?!----)[^-]*)*-----END [A-Z ]*PRIVATE KEY-----|[^-]*)/g

// As the issuer of this project makes them.
const REFRESH_TOKEN = /\brt\.[\w-]{22}\.\d+\.[\w-]{43}/g

/** The text with every token and private key taken out, for messages, logs and process lists. */
export function redactSecrets(text: string): string {
  const clean = text.replaceAll(PEM_KEY, GONE).replaceAll(REFRESH_TOKEN, GONE)
  return BEGINNING.test(clean) ? clean.replaceAll(DOTTED, redactDotted) : clean
}

/** From where a token begins, nothing stays: the parts behind the signature may be a key. RFC 7515 section 7.1. */
function redactDotted(words: string): string {
  const parts = words.split(DOTS)
  let before = ''
  // Every other one is a dot. The last part alone is no token: nothing follows it.
  for (let index = 0; index < parts.length - 1; index += 2) {
    const part = parts[index]!
    const from = headerIn(part)
    if (from !== -1) return before + part.slice(0, from) + GONE
    before += part + parts[index + 1]!
  }
  return words
}

/** Where in a part a JOSE header begins, the base64url of a JSON object; -1 where none does. */
function headerIn(part: string): number {
  // Both beginnings are also parts of names: "ewok", "surveyJets".
  if (/^e(?:yA|wo|wk|w0)/.test(part) && isHeader(part, 0)) return 0
  let at = part.indexOf('eyJ')
  while (at !== -1 && !isHeader(part, at)) at = part.indexOf('eyJ', at + 1)
  return at
}

// The first member's name; of a very long one only its beginning is looked at.
// oxlint-disable-next-line no-control-regex -- JSON has none of them in a name
const FIRST_MEMBER = /^\{\s*"(?:[^"\\\u0000-\u001f\u007f-\u{10ffff}]|\\.)*(?:"\s*:|(?<=^.{40,})$)/su

/** Whether a JSON object with a member begins here. Names of members are ASCII wherever tokens are made. */
function isHeader(part: string, at: number): boolean {
  return part.length - at > 10 && FIRST_MEMBER.test(decodeStart(part, at))
}

function decodeStart(part: string, at: number): string {
  const text = part
    .slice(at, at + 64)
    .replaceAll('-', '+')
    .replaceAll('_', '/')
  try {
    return atob(text.slice(0, text.length - (text.length % 4)))
  } catch {
    return ''
  }
}

/** Members of JSON whose values are secrets, whatever they look like: of OAuth messages, HTTP headers and private JWKs. */
const SECRET_NAMES =
  'access_token|refresh_token|id_token|subject_token|actor_token|device_code|client_secret|client_assertion|password|authorization|cookie|d|p|q|dp|dq|qi|k'
const SECRET_NAME = new RegExp(`^(?:${SECRET_NAMES})$`, 'i')
const SECRET_MEMBER = new RegExp(`("(?:${SECRET_NAMES})":)"(?:[^"\\\\]|\\\\.)*"`, 'gi')
const CREDENTIALS = /\b(bearer|basic)(\s+)[A-Za-z0-9._~+/=-]{8,}/gi

/** Whether a member of this name is a secret, whatever it looks like. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name)
}

/** A line of a log without tokens, private keys, credentials and the members that carry secrets by their name. */
export function redactLine(line: string): string {
  return redactSecrets(line).replaceAll(SECRET_MEMBER, `$1"${GONE}"`).replaceAll(CREDENTIALS, `$1$2${GONE}`)
}

/** Longest path that is told, in characters. */
const MAX_TARGET = 4096
/** What a name in a query looks like; anything else may be a secret that stands in the wrong place. */
const QUERY_NAME = /^[\w.~[\]-]{1,40}$/

/**
 * A request target for a log: the path, and of the query only the names. Tokens are sent in queries (RFC 6750 section 2.3, XRootD's
 * `authz`), and whoever reads the log must not be able to use them.
 */
export function redactTarget(target: string): string {
  const [, path = '', mark, rest = ''] = /^([^?#]*)([?#]?)([^]*)$/.exec(target)!
  const told = redactPath(path).slice(0, MAX_TARGET)
  if (mark === '') return told
  return `${told}${mark}${mark === '#' ? GONE : rest.slice(0, MAX_TARGET).split('&').map(redactPair).join('&')}`
}

function redactPair(pair: string): string {
  if (pair === '') return ''
  const at = pair.indexOf('=')
  const name = at === -1 ? pair : pair.slice(0, at)
  const told = QUERY_NAME.test(name) && redactPath(name) === name ? name : GONE
  return at === -1 ? told : `${told}=${GONE}`
}

/** Of a path, and of what a path holds in any encoding, however often it was encoded. */
function redactPath(path: string): string {
  // A password in front of the host, where the target is a whole URL.
  const plain = path.replace(/^([a-z][a-z0-9+.-]*:)?\/\/[^/]*@/i, `$1//${GONE}@`)
  let decoded = plain
  for (let round = 0; round < 3; round++) {
    decoded = decoded.replaceAll(/%(?:25)*([2-7][\da-f])/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    )
  }
  const clean = (text: string): string => redactSecrets(text).replaceAll(CREDENTIALS, `$1$2${GONE}`)
  return clean(decoded) === decoded ? clean(plain) : clean(decoded)
}
