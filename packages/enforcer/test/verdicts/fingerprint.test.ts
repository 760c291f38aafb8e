import * as fc from 'fast-check'
import { expect, onTestFinished, test, vi } from 'vitest'
import { Fingerprints, MAX_FINGERPRINTED } from '../../src/verdicts/fingerprint.ts'

const ascii = fc.string({ unit: 'binary-ascii', maxLength: 400 })
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const LANES = [0, 1, 2, 3]
/** The words of a text's fingerprint, as numbers that are not negative; undefined where it has none. */
function fingerprintOf(fingerprints: Fingerprints, text: string, from = 0): number[] | undefined {
  return fingerprints.read(text, from) ? Array.from(fingerprints.words, (word) => word >>> 0) : undefined
}

test('the same text has the same fingerprint, whatever came before, under the keys of one object and of no other', () => {
  const [one, other] = [new Fingerprints(), new Fingerprints()]
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii', minLength: 2 }), fc.string({ unit: 'binary' }), (text, between) => {
      const first = fingerprintOf(one, text)
      one.read(between, 0)
      expect(fingerprintOf(one, text)).toEqual(first)
      expect(fingerprintOf(one, `head.${text}`, 'head.'.length)).toEqual(first)
      if (/[^\0]/.test(text)) expect(fingerprintOf(other, text)).not.toEqual(first)
    }),
  )
})

test('two different texts have different fingerprints, however alike they are', () => {
  const fingerprints = new Fingerprints()
  const differ = (a: string, b: string): void => {
    if (a !== b) expect(fingerprintOf(fingerprints, a)).not.toEqual(fingerprintOf(fingerprints, b))
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

test('it is four sums of pairs of letters by keys, modulo 2^32, and the length; and each of them tells letters apart', () => {
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
  const reference = (text: string): number[] =>
    LANES.map((lane) => {
      let sum = lane === 0 ? BigInt(text.length) : 0n
      for (let at = 0; at < text.length; at += 2) {
        const pair = text.charCodeAt(at) + 256 * (at + 1 < text.length ? text.charCodeAt(at + 1) : 0)
        sum += BigInt(pair) * key(LANES.length * (at / 2) + lane)
      }
      return Number(BigInt.asUintN(32, sum))
    })
  fc.assert(
    fc.property(ascii, (text) => {
      expect(fingerprintOf(fingerprints, text)).toEqual(reference(text))
    }),
  )
  const longest = LETTERS.repeat(MAX_FINGERPRINTED / LETTERS.length)
  expect(fingerprintOf(fingerprints, longest)).toEqual(reference(longest))
  const text = LETTERS.repeat(2)
  for (let at = 0; at < text.length; at++) {
    const other = `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`
    const [ours, theirs] = [fingerprintOf(fingerprints, text)!, fingerprintOf(fingerprints, other)!]
    for (const [lane, word] of ours.entries()) expect(theirs[lane]).not.toBe(word)
  }
})

test('keys are drawn at the first text and then never again, as many as the longest signature has pairs for each sum', () => {
  const draw = vi.spyOn(globalThis.crypto, 'getRandomValues')
  onTestFinished(() => draw.mockRestore())
  const fingerprints = new Fingerprints()
  expect(draw).not.toHaveBeenCalled()
  for (const text of ['abc', 'def']) fingerprints.read(text, 0)
  expect(draw).toHaveBeenCalledOnce()
  expect((draw.mock.calls[0]![0] as Int32Array).length).toBe((4 * MAX_FINGERPRINTED) / 2)
})

test('what is too long, or has a letter that no signature has, has none', () => {
  const fingerprints = new Fingerprints()
  const longest = 'A'.repeat(MAX_FINGERPRINTED)
  expect(fingerprints.read(longest, 0)).toBe(true)
  expect(fingerprints.read(`header.claims.${longest}`, 'header.claims.'.length)).toBe(true)
  expect(fingerprints.read(`${longest}A`, 0)).toBe(false)
  for (const letter of ['\u0080', 'é', 'Ł', '\u{1f600}', '\ud800']) {
    for (const text of [
      `abc${letter}def`,
      letter + longest.slice(letter.length),
      longest.slice(letter.length) + letter,
    ]) {
      expect(fingerprints.read(text, 0)).toBe(false)
    }
  }
})
