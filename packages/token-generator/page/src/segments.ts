import { HIDDEN } from '@scitokens/core/internal'

/** A part of the encoded token, in the order in which they stand. */
export type SegmentKind = 'header' | 'payload' | 'signature' | 'key' | 'rest' | 'dot'

/** A piece of text and what it is. */
export interface Segment {
  readonly kind: SegmentKind
  readonly text: string
}

const KINDS: readonly SegmentKind[] = ['header', 'payload', 'signature', 'key']

/** The text cut at its dots, complete: put together again it is what came. */
export function segmentsOf(text: string): readonly Segment[] {
  return text.split('.').flatMap((part, index): Segment[] => {
    const segment: Segment = { kind: KINDS[index] ?? 'rest', text: part }
    return index === 0 ? [segment] : [{ kind: 'dot', text: '.' }, segment]
  })
}

/** A token as people paste it: without the word Bearer, quotes and line breaks. */
export function tidyToken(text: string): string {
  return (
    text
      .trim()
      .replace(/^(authorization:\s*)?bearer\s+/i, '')
      .replaceAll(/^["'`]|["'`]$/g, '')
      .replaceAll(/\s+/g, '')
      // Nothing hidden is a letter of a token: it is shown to be there, and refused like any other wrong letter.
      .replaceAll(HIDDEN, '\uFFFD')
  )
}

/** Without the private key of a chain's holder: what may be shown to others. */
export function withoutKey(token: string): string {
  return token.split('.', 3).join('.')
}
