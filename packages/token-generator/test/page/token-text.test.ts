import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { commandLines } from '../../page/src/commands.ts'
import { fromFragment, toFragment } from '../../page/src/fragment.ts'
import { jsonPieces } from '../../page/src/json-pieces.ts'
import { readParts } from '../../page/src/read-parts.ts'
import { segmentsOf, tidyToken, withoutKey } from '../../page/src/segments.ts'

const encode = (text: string): string => Buffer.from(text).toString('base64url')

describe('colours', () => {
  test('a token has a colour for each part; nothing of the text is lost or changed', () => {
    expect(segmentsOf('a.b.c').map(({ kind }) => kind)).toEqual(['header', 'dot', 'payload', 'dot', 'signature'])
    expect(
      segmentsOf('a.b.c.d.e')
        .map(({ kind }) => kind)
        .filter((kind) => kind !== 'dot'),
    ).toEqual(['header', 'payload', 'signature', 'key', 'rest'])
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(
          segmentsOf(text)
            .map((segment) => segment.text)
            .join(''),
        ).toBe(text)
      }),
    )
  })

  test('JSON is coloured without losing or changing a character, broken JSON too', () => {
    const kinds = jsonPieces('{"a": "b\\"c", "n": -1.5e3, "x": null}').filter(({ kind }) => kind !== 'other')
    expect(kinds).toEqual([
      { kind: 'name', text: '"a"' },
      { kind: 'text', text: '"b\\"c"' },
      { kind: 'name', text: '"n"' },
      { kind: 'number', text: '-1.5e3' },
      { kind: 'name', text: '"x"' },
      { kind: 'word', text: 'null' },
    ])
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        expect(
          jsonPieces(text)
            .map((piece) => piece.text)
            .join(''),
        ).toBe(text)
      }),
    )
  })
})

describe('what cannot be seen, or reorders what is read', () => {
  const sub = '\u202emoc.elpmaxe\u200b'

  test('stands in the shown JSON as escapes that mean the same', () => {
    const { claims, header } = readParts(
      `${encode(JSON.stringify({ kid: sub }))}.${encode(JSON.stringify({ sub }))}.AA`,
    )
    for (const { text, value } of [claims, header]) {
      expect(text).toContain(String.raw`\u202emoc.elpmaxe\u200b`)
      expect(JSON.parse(text)).toEqual(value)
    }
  })

  test('is named in what is no JSON', () => {
    expect(readParts(`AA.${encode(sub)}.AA`).claims.text).toBe('⟨U+202E⟩moc.elpmaxe⟨U+200B⟩')
  })

  test('is no letter of a token: it is seen, and refused', () => {
    expect(tidyToken('a.b\u202e.c')).toBe('a.b\uFFFD.c')
  })

  test('is escaped in the lines for a shell', () => {
    const [first] = commandLines('https://demo.example', { sub }, { algorithm: 'ES256', profile: 'scitoken:2.0' })
    expect(first!.line).toContain(String.raw`\u202emoc.elpmaxe\u200b`)
  })
})

describe('what is pasted', () => {
  test.each([
    [' a.b.c\n', 'a.b.c'],
    ['Bearer a.b.c', 'a.b.c'],
    ['Authorization: Bearer a.b.c', 'a.b.c'],
    ['"a.b.c"', 'a.b.c'],
    ['a.b\n  .c', 'a.b.c'],
  ])('%j is the token %s', (pasted, token) => {
    expect(tidyToken(pasted)).toBe(token)
  })
})

describe('reading for display', () => {
  test('header and claims are shown as JSON, the signature as its length', () => {
    const parts = readParts(`${encode('{"alg":"ES256"}')}.${encode('{"sub":"ana"}')}.${encode('12345')}`)
    expect(parts.header).toEqual({ text: '{\n  "alg": "ES256"\n}', value: { alg: 'ES256' }, problem: undefined })
    expect(parts.claims.value).toEqual({ sub: 'ana' })
    expect(parts.signatureBytes).toBe(5)
  })

  test.each([
    ['', /not base64url/],
    ['%%%', /not base64url/],
    [encode('no json'), /not a JSON object/],
    [encode('[1]'), /not a JSON object/],
  ])('a broken part %j is told as what it is, and the others are read', (claims, problem) => {
    const parts = readParts(`${encode('{"alg":"none"}')}.${claims}.`)
    expect(parts.claims.problem).toMatch(problem)
    expect(parts.header.value).toEqual({ alg: 'none' })
  })

  test('what a link of a chain says is read from its array, and shown in it', () => {
    const read = (payload: unknown): ReturnType<typeof readParts>['claims'] =>
      readParts(`${encode('{"typ":"scitoken-chain+jwt","pwt":"x"}')}.${encode(JSON.stringify(payload))}.AA`).claims
    expect(read([{ sub: 'ana' }])).toEqual({
      text: '[\n  {\n    "sub": "ana"\n  }\n]',
      value: { sub: 'ana' },
      problem: undefined,
    })
    for (const payload of [{ sub: 'ana' }, [], [{}, {}], [[{}]], ['x'], null]) {
      expect(read(payload)).toMatchObject({ value: undefined, problem: expect.stringMatching(/array with one object/) })
    }
  })

  test('whatever is pasted, reading it never throws', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(readParts(text).header).toBeDefined()
      }),
    )
  })
})

describe('links', () => {
  const question = { issuer: 'https://i', audience: 'https://a b', authz: 'read', path: '/ä/%2e' }

  test('token and question come out as they went in', () => {
    expect(fromFragment(toFragment({ token: 'a.b.c', question }))).toEqual({ token: 'a.b.c', question })
  })

  test('the private key of a chain’s holder is never in a link, and not taken from one', () => {
    expect(withoutKey('a.b.c.secret')).toBe('a.b.c')
    expect(toFragment({ token: 'a.b.c.secret', question })).not.toContain('secret')
    expect(fromFragment('#token=a.b.c.secret')?.token).toBe('a.b.c')
  })

  test('a fragment without a token, or without end, is none', () => {
    expect(fromFragment('#claims-section')).toBeUndefined()
    expect(fromFragment(`#token=${'x'.repeat(200_000)}`)).toBeUndefined()
  })
})
