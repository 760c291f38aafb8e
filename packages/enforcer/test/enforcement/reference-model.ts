// A second opinion, written without a look at core's path algebra: lists of components, no regular expressions of core's, and
// nothing imported. Slow and plain on purpose.

/** A place in the namespace: its components, and whether it is named as a directory. */
export interface Place {
  readonly parts: readonly string[]
  readonly directory: boolean
}

/** A right: what, and where. */
export interface Right {
  readonly authz: string
  readonly place: Place
}

/** Reads the path of a URL; undefined where it must be refused. */
export function placeOf(path: string, { dotSegments }: { dotSegments: 'resolve' | 'refuse' }): Place | undefined {
  if (path[0] !== '/') return undefined
  const parts: string[] = []
  let directory = false
  for (const raw of path.slice(1).split('/')) {
    const part = decode(raw)
    if (part === undefined || !isHarmless(part)) return undefined
    directory = part === '' || part === '.' || part === '..'
    if (part === '..') {
      if (dotSegments === 'refuse') return undefined
      parts.pop()
    } else if (part !== '' && part !== '.') parts.push(part)
  }
  return { parts, directory: directory || parts.length === 0 }
}

/** Decodes one component, once; undefined for an escape that is none, or bytes that are no UTF-8. */
function decode(raw: string): string | undefined {
  const bytes: number[] = []
  for (let i = 0; i < raw.length; ) {
    if (raw[i] === '%') {
      const hex = raw.slice(i + 1, i + 3)
      if (hex.length !== 2 || hex.split('').some((digit) => !'0123456789abcdefABCDEF'.includes(digit))) return undefined
      bytes.push(Number.parseInt(hex, 16))
      i += 3
    } else {
      const character = String.fromCodePoint(raw.codePointAt(i)!)
      bytes.push(...Buffer.from(character))
      i += character.length
    }
  }
  const text = Buffer.from(bytes).toString()
  return Buffer.from(text).equals(Buffer.from(bytes)) ? text : undefined
}

/** Whether a decoded component can be decoded as often as anybody likes without becoming something else than a name. */
function isHarmless(part: string): boolean {
  let text = part
  for (let round = 0; round < 10; round++) {
    for (const character of text) {
      const code = character.codePointAt(0)!
      if (character === '/' || character === '\\' || code < 0x20 || (code >= 0x7f && code < 0xa0)) return false
      if (code === 0x2028 || code === 0x2029) return false
    }
    if (round > 0 && text !== part && (text === '.' || text === '..')) return false
    text = text.replace(/%([0-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  }
  return true
}

/** Whether what is allowed at `a` is allowed at `b`. */
export function reaches(a: Place, b: Place): boolean {
  if (a.parts.some((part, index) => b.parts[index] !== part)) return false
  if (b.parts.length > a.parts.length) return true
  // The same name: a right on the directory says nothing about a file of that name.
  return !a.directory || b.directory || a.parts.length === 0
}

/** `place` below `base`. */
export function below(base: readonly string[], place: Place): Place {
  return { parts: [...base, ...place.parts], directory: place.directory && place.parts.length > 0 }
}
