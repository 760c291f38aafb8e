import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { coversPath, encodeScopePath, type Path, parseRequestPath, parseScopePath } from '../../src/index.ts'
import { joinPath, relativePath } from '../../src/internal.ts'
import { attempt } from '../refusal.ts'

// Much work, and the machine may have other work.
vi.setConfig({ testTimeout: 180_000 })

// The pieces of which path tricks are made.
const ESCAPED = ['%2e', '%2E', '%2f', '%2F', '%5c', '%00', '%25', '%252e', '%252f', '%2525', '%', '%6', '%zz', '%20']
const NOT_ASCII = [
  '%c0%ae',
  '%C0%AF',
  '%e0%80%ae',
  '%25c0%25ae',
  '%C3%A9',
  '%C3',
  '%C2%85',
  '\ud800',
  '\udc00',
  '\u0085',
]
const OTHERS = ['\\', '\u0000', '\t', '\u2028', ' ', '...', ';', '~', '?', '#', '*', '%61', '%41']
const LOOKALIKES = ['é', 'e\u0301', '🎉', '％2e', '．', '／', '‥']
const TRICKS = [...ESCAPED, ...NOT_ASCII, ...OTHERS, ...LOOKALIKES]
const piece = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('/', 'a', 'b', 'ab', '.', '..') },
  {
    weight: 3,
    arbitrary: fc.constantFrom(...TRICKS),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 3 }) },
)
const hostile = fc.array(piece, { maxLength: 14 }).map((pieces) => `/${pieces.join('')}`)
const name = fc.constantFrom('a', 'b', 'ab', 'é', '...', 'a b', '100%', '%41', '..a')
const path = fc
  .tuple(fc.array(name, { maxLength: 4 }), fc.boolean())
  .map(([names, slash]) => `/${names.join('/')}${slash && names.length > 0 ? '/' : ''}` as Path)

/** An independent reading of a path: bytes, one component at a time. Undefined where it must be refused. */
function model(text: string, dots: 'refuse' | 'resolve'): string | undefined {
  if (!text.startsWith('/') || !text.isWellFormed()) return undefined
  const kept: string[] = []
  let directory = true
  for (const raw of text.split('/').slice(1)) {
    const component = decodeComponent(raw)
    if (component === undefined) return undefined
    directory = component === '' || component === '.' || component === '..'
    if (component === '..' && dots === 'refuse') return undefined
    if (component === '..') kept.pop()
    else if (!directory) kept.push(component)
  }
  return kept.length === 0 ? '/' : `/${kept.join('/')}${directory ? '/' : ''}`
}

function decodeComponent(raw: string): string | undefined {
  const bytes: number[] = []
  const encoded = new TextEncoder().encode(raw)
  for (let i = 0; i < encoded.length; i++) {
    if (encoded[i] !== 0x25) {
      bytes.push(encoded[i]!)
      continue
    }
    const hex = String.fromCharCode(encoded[i + 1] ?? 0, encoded[i + 2] ?? 0)
    if (!/^[0-9a-f]{2}$/i.test(hex)) return undefined
    bytes.push(Number.parseInt(hex, 16))
    i += 2
  }
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes))
  } catch {
    return undefined
  }
  for (const character of text) {
    const code = character.codePointAt(0)!
    if (code < 0x20 || (code >= 0x7f && code < 0xa0) || [0x2f, 0x5c, 0x2028, 0x2029].includes(code)) return undefined
  }
  return text
}

/** A careless back end: decodes whatever looks like an escape, and overlong forms with it. */
function decodeCarelessly(text: string): string {
  return text
    .replaceAll(/%c0%([89ab][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16) & 0x3f))
    .replaceAll(/%e0%80%([89ab][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16) & 0x3f))
    .replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

const components = (text: string): string[] => text.split('/').slice(1)

/** Covering, said with lists of components. */
function modelCovers(scope: string, asked: string): boolean {
  const left = components(scope)
  const right = components(asked)
  if (left.at(-1) === '') left.pop()
  else if (left.length === right.length) return left.every((one, i) => one === right[i])
  return left.length < right.length && left.every((one, i) => one === right[i])
}

test('covering is reflexive and transitive, and whole components decide', () => {
  fc.assert(
    fc.property(path, path, path, (a, b, c) => {
      expect(coversPath(a, a)).toBe(true)
      expect(coversPath(a, b)).toBe(modelCovers(a, b))
      if (coversPath(a, b) && coversPath(b, c)) expect(coversPath(a, c)).toBe(true)
      if (coversPath(a, b) && coversPath(b, a)) expect(a).toBe(b)
    }),
    { numRuns: 2000 },
  )
})

test('a scope path is what the model reads, or refused; what the model refuses is refused', () => {
  let accepted = 0
  fc.assert(
    fc.property(hostile, (text) => {
      const read = attempt(() => parseScopePath(text))
      if (read === undefined) return
      accepted += 1
      expect(read).toBe(model(text, 'refuse'))
    }),
    { numRuns: 3000 },
  )
  expect(accepted).toBeGreaterThan(100)
})

test('a request path is what the model reads, clamped at the root, or refused', () => {
  let accepted = 0
  fc.assert(
    fc.property(hostile, (text) => {
      const read = attempt(() => parseRequestPath(text))
      const strict = attempt(() => parseRequestPath(text, { rejectDotSegments: true }))
      if (strict !== undefined) expect(strict).toBe(model(text, 'refuse'))
      if (read === undefined) return
      accepted += 1
      expect(read).toBe(model(text, 'resolve'))
    }),
    { numRuns: 3000 },
  )
  expect(accepted).toBeGreaterThan(100)
})

test('innocent paths are not refused', () => {
  fc.assert(
    fc.property(path, (clean) => {
      expect(parseScopePath(encodeScopePath(clean))).toBe(clean)
      expect(parseRequestPath(encodeScopePath(clean))).toBe(clean)
      expect(parseRequestPath(clean, { pathIsDecoded: true })).toBe(clean)
    }),
  )
})

test('what was accepted has no dot segments, no empty components, and is read again as it is', () => {
  fc.assert(
    fc.property(hostile, fc.boolean(), (text, isRequest) => {
      const read = attempt(() => (isRequest ? parseRequestPath(text) : parseScopePath(text)))
      if (read === undefined) return
      const inner = read === '/' ? [] : components(read.endsWith('/') ? read.slice(0, -1) : read)
      for (const component of inner) expect(['', '.', '..']).not.toContain(component)
      expect(parseScopePath(encodeScopePath(read))).toBe(read)
      expect(parseRequestPath(read, { pathIsDecoded: true })).toBe(read)
    }),
    { numRuns: 3000 },
  )
})

test('a back end that decodes again, however often and however carelessly, is led nowhere else', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const read = attempt(() => parseRequestPath(text))
      if (read === undefined) return
      let again: string = read
      for (let round = 0; round < 6; round++) {
        again = decodeCarelessly(again)
        expect(components(again)).toHaveLength(components(read).length)
        expect(components(again).some((one) => one === '..' || one === '.')).toBe(false)
        expect(again.includes('\\') || again.includes('\u0000')).toBe(false)
      }
    }),
    { numRuns: 3000 },
  )
})

test('normalising never widens: whatever the normal form covers, the path as written leads to', () => {
  fc.assert(
    fc.property(hostile, path, (text, below) => {
      const scope = attempt(() => parseScopePath(text))
      if (scope === undefined) return
      const asked = attempt(() => parseRequestPath(`${text}/${encodeScopePath(below)}`))
      if (asked !== undefined) expect(coversPath(scope, asked)).toBe(true)
      if (coversPath(scope, below)) expect(modelCovers(model(text, 'refuse')!, below)).toBe(true)
    }),
    { numRuns: 3000 },
  )
})

test('a path below a base is found again relative to it, and stays below it', () => {
  fc.assert(
    fc.property(path, path, (base, below) => {
      const joined = joinPath(base, below)
      expect(relativePath(base, joined)).toBe(below)
      const stem = (base.length > 1 && base.endsWith('/') ? base.slice(0, -1) : base) as Path
      expect(coversPath(stem, joined)).toBe(true)
      const relative = relativePath(base, below)
      if (relative !== undefined) expect(coversPath(stem, below)).toBe(true)
    }),
  )
})
