/** Bytes `start` to `end`, both included. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/**
 * Reads `Range` (RFC 9110 section 14.2) for something of `size` bytes. Undefined means "send everything": there is no range, or a
 * form that may be ignored (several ranges, other units, nonsense). `unsatisfiable` is 416.
 */
export function parseRange(header: string | undefined, size: number): ByteRange | 'unsatisfiable' | undefined {
  const match = /^bytes=(?:(\d{1,15})-(\d{0,15})|-(\d{1,15}))$/.exec(header?.replaceAll(' ', '') ?? '')
  if (!match) return undefined
  const [, first, last, suffix] = match
  if (suffix !== undefined) {
    const length = Math.min(Number(suffix), size)
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size - 1 }
  }
  const start = Number(first)
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (last !== '' && Number(last) < start) return undefined
  return start >= size ? 'unsatisfiable' : { start, end }
}

/** Part of an upload: bytes `start` to `end` of `total`, or, without a part, the question how much is there. */
export interface ContentRange {
  readonly part: ByteRange | undefined
  readonly total: number
}

/** Reads the `Content-Range` of a PUT (RFC 9110 section 14.5). Undefined for one that makes no sense. */
export function parseContentRange(header: string): ContentRange | undefined {
  const match = /^bytes (?:(\d{1,15})-(\d{1,15})|\*)\/(\d{1,15})$/.exec(header)
  if (!match) return undefined
  const total = Number(match[3])
  if (match[1] === undefined) return { part: undefined, total }
  const part = { start: Number(match[1]), end: Number(match[2]) }
  return part.start <= part.end && part.end < total ? { part, total } : undefined
}
