import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { escapeHidden, hasHidden, quote, showHidden } from '../../src/internal.ts'

const HIDDEN_ONES = [
  '\u202e',
  '\u2066',
  '\u061c',
  '\u200b',
  '\u2060',
  '\ufeff',
  '\u00ad',
  '\u2028',
  '\u0000',
  '\u001b',
  '\u009b',
  '\u{e0041}',
  '\ud800',
]

describe('text of somebody else’s making', () => {
  test.each(HIDDEN_ONES)('shows what is hidden in it: %j', (character) => {
    const code = character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')
    expect(showHidden(`a${character}b`)).toBe(`a⟨U+${code}⟩b`)
    expect(hasHidden(`a${character}b`)).toBe(true)
    expect(quote(`a${character}b`)).toBe('"a?b"')
  })

  test('a name that only looks like another one does so no longer', () => {
    expect(showHidden('\u202emoc.elpmaxe')).toBe('⟨U+202E⟩moc.elpmaxe')
  })

  test('stays as it is otherwise: letters of every script, joiners, emoji, tabs and line feeds', () => {
    for (const text of ['Ana Müller', 'می\u200cخواهم', 'क्\u200dष', '👩\u200d🔬', 'שלום', 'a\tb\nc', '']) {
      expect(showHidden(text)).toBe(text)
      expect(hasHidden(text)).toBe(false)
    }
  })

  test('as JSON it means the same afterwards, and hides nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom(...HIDDEN_ONES))), (pieces) => {
        const value = { [pieces.join('')]: pieces }
        const escaped = escapeHidden(JSON.stringify(value))
        expect(JSON.parse(escaped)).toEqual(value)
        expect(hasHidden(escaped)).toBe(false)
      }),
    )
  })
})
