import * as fc from 'fast-check'
import { expect, onTestFinished, test, vi } from 'vitest'
import { Fingerprints, MAX_FINGERPRINTED } from '../src/fingerprint.ts'

const ascii = fc.string({ unit: 'binary-ascii', maxLength: 400 })
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const wordsOf = (fingerprint: string): number[] =>
  [0, 2, 4, 6].map((at) => fingerprint.charCodeAt(at) * 0x1_0000 + fingerprint.charCodeAt(at + 1))

test('the same text has the same fingerprint wherever it stands, under the keys of one object and of no other', () => {
  const [one, other] = [new Fingerprints(), new Fingerprints()]
  fc.assert(
    fc.property(ascii, ascii, (before, text) => {
      expect(one.of(before + text, before.length)).toBe(one.of(text, 0))
      if (text !== '') expect(other.of(text, 0)).not.toBe(one.of(text, 0))
    }),
  )
})

test('two different texts have different fingerprints, however alike they are', () => {
  const fingerprints = new Fingerprints()
  const differ = (a: string, b: string): void => {
    if (a !== b) expect(fingerprints.of(a, 0)).not.toBe(fingerprints.of(b, 0))
  }
  fc.assert(
    fc.property(
      ascii,
      ascii,
      fc.nat(),
      fc.constantFrom(...LETTERS.split(''), '\u0000', '\u007f'),
      (a, b, place, letter) => {
        const at = place % (a.length + 1)
        differ(a, b)
        differ(a, `${a.slice(0, at)}${letter}${a.slice(at + 1)}`) // one letter is another
        differ(a, `${a.slice(0, at)}${letter}${a.slice(at)}`) // one more
        differ(a, `${a.slice(0, at)}${a.slice(at + 1)}`) // one less
        differ(a, `${a}\u0000`)
        differ(a, a.slice(1) + a.slice(0, 1)) // turned round
      },
    ),
    { numRuns: 2000 },
  )
})

test('it is four sums of letters by keys, modulo 2^32, and each of them tells letters apart', () => {
  // Weyl's sequence: any keys will do, but the same at every run.
  let drawn = 0
  const draw = vi.spyOn(globalThis.crypto, 'getRandomValues').mockImplementation((array) => {
    const keys = array as Int32Array
    for (let i = 0; i < keys.length; i++) keys[i] = Math.imul((drawn += 1), 0x9e37_79b9)
    return array
  })
  onTestFinished(() => draw.mockRestore())
  const fingerprints = new Fingerprints()
  const key = (index: number): bigint => BigInt(Math.imul(index + 1, 0x9e37_79b9))
  fc.assert(
    fc.property(ascii, (text) => {
      const sums = [0, 1, 2, 3].map((lane) =>
        text.split('').reduce((sum, letter, at) => sum + BigInt(letter.charCodeAt(0) + 1) * key(4 * at + lane), 0n),
      )
      expect(wordsOf(fingerprints.of(text, 0)!)).toEqual(sums.map((sum) => Number(BigInt.asUintN(32, sum))))
    }),
  )
  const text = LETTERS.repeat(2)
  for (let at = 0; at < text.length; at++) {
    const other = `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`
    const [ours, theirs] = [wordsOf(fingerprints.of(text, 0)!), wordsOf(fingerprints.of(other, 0)!)]
    for (const [lane, word] of ours.entries()) expect(theirs[lane]).not.toBe(word)
  }
})

test('keys are drawn at the first text and then never again, as many as the longest signature has letters for each sum', () => {
  const draw = vi.spyOn(globalThis.crypto, 'getRandomValues')
  onTestFinished(() => draw.mockRestore())
  const fingerprints = new Fingerprints()
  expect(draw).not.toHaveBeenCalled()
  for (const text of ['abc', 'def']) fingerprints.of(text, 0)
  expect(draw).toHaveBeenCalledOnce()
  expect((draw.mock.calls[0]![0] as Int32Array).length).toBe(4 * MAX_FINGERPRINTED)
})

test('what is too long, or has a letter that no signature has, has none', () => {
  const fingerprints = new Fingerprints()
  const longest = 'A'.repeat(MAX_FINGERPRINTED)
  expect(fingerprints.of(longest, 0)).toHaveLength(8)
  expect(fingerprints.of(`${longest}A`, 0)).toBeUndefined()
  expect(fingerprints.of(`${longest}A`, 1)).toHaveLength(8)
  for (const letter of ['\u0080', 'é', 'Ł', '\u{1f600}']) expect(fingerprints.of(`abc${letter}def`, 0)).toBeUndefined()
  expect(fingerprints.of('é.abc', 2)).toBe(fingerprints.of('abc', 0))
})
