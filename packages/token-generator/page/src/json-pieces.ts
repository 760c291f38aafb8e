/** A piece of JSON text and what it is. */
export interface JsonPiece {
  readonly kind: 'name' | 'text' | 'number' | 'word' | 'other'
  readonly text: string
}

const PIECES = /("(?:[^"\\\n]|\\.)*")(\s*:)?|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(true|false|null)/g

/** JSON text in pieces for colours, complete and in order; text that is no JSON comes back too. */
export function jsonPieces(json: string): readonly JsonPiece[] {
  const pieces: JsonPiece[] = []
  let end = 0
  for (const match of json.matchAll(PIECES)) {
    const [, string, colon, number, word] = match
    if (match.index > end) pieces.push({ kind: 'other', text: json.slice(end, match.index) })
    if (string !== undefined) pieces.push({ kind: colon === undefined ? 'text' : 'name', text: string })
    if (colon !== undefined) pieces.push({ kind: 'other', text: colon })
    if (number !== undefined) pieces.push({ kind: 'number', text: number })
    if (word !== undefined) pieces.push({ kind: 'word', text: word })
    end = match.index + match[0].length
  }
  if (end < json.length) pieces.push({ kind: 'other', text: json.slice(end) })
  return pieces
}
