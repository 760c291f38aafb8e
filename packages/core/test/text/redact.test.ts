import { inspect } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { redactSecrets, SciToken, TokenNotAcceptableError } from '../../src/index.ts'
import { redactLine, redactTarget } from '../../src/internal.ts'
import { createTestIssuer } from '../../src/testing.ts'

let token: string
let signature: string
beforeAll(async () => {
  const { key } = await createTestIssuer()
  token = await new SciToken({
    key,
    claims: { iss: 'https://vo.example', aud: 'x', sub: 'ana', scope: 'read:/' },
  }).serialize()
  signature = token.split('.')[2]!
})

const header = (text: string): string => `${Buffer.from(text).toString('base64url')}.W3sic3ViIjoiYW5hIn1d.c2lnbmF0dXJl`

describe('a token is taken out of text', () => {
  test.each(['see $', 'x=$&y', '"$"', 'https://se.example/$/x', '$', 'ewok.$', 'a.b.$', '$.eyJrdHkiOiJFQyJ9', '($)'])(
    'in %j',
    (text) => {
      const clean = redactSecrets(text.replace('$', token))
      expect(clean).toBe(text.replace(/\$(\.eyJrdHkiOiJFQyJ9)?/, '[redacted]'))
    },
  )

  test.each([
    '{ "alg":"ES256"}',
    '{\n  "alg": "ES256"}',
    '{\t"alg":"ES256"}',
    '{\r\n"alg":"ES256"}',
    '{"alg":"ES256"}',
  ])('whose header begins with %j', (text) => expect(redactSecrets(`x ${header(text)} y`)).toBe('x [redacted] y'))

  test('whose dots are percent-encoded', () => {
    for (const dot of ['%2E', '%2e', '%252e']) {
      expect(redactSecrets(`x=${token.replaceAll('.', dot)}`)).toBe('x=[redacted]')
    }
  })

  test('that lost its beginning on the way', () => {
    expect(redactSecrets(token.slice(5))).not.toContain(signature)
  })

  test('behind letters that look like another beginning', () => {
    for (const before of ['ewo', 'ewok.ewok.', 'eyA', 'viewo'])
      expect(redactSecrets(before + token)).not.toContain(signature)
  })

  test('in time that grows with the length of the text alone', () => {
    const texts = ['ewo.', 'eyA', 'eyJ', 'e', '.', '%2E', 'ewo%2E', 'a.%2', '-----BEGIN PRIVATE KEY-----', 'rt.'].map(
      (unit) => unit.repeat(400_000 / unit.length),
    )
    // A rule that is not linear takes hours for these, or the whole stack.
    for (const text of texts) expect(redactSecrets(text)).toBeTypeOf('string')
  }, 60_000)

  test('whose header begins with a long name', () => {
    expect(redactSecrets(header(`{"${'x'.repeat(60)}":1}`))).toBe('[redacted]')
  })

  test('and so are private keys, with headers and cut off', () => {
    const body = 'Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nc2VjcmV0\n'
    const pem = `-----BEGIN RSA PRIVATE KEY-----\n${body}-----END RSA PRIVATE KEY-----`
    expect(redactSecrets(`a ${pem} b ${pem} c-d`)).toBe('a [redacted] b [redacted] c-d')
    expect(redactSecrets('a -----BEGIN PRIVATE KEY-----\nc2VjcmV0')).toBe('a [redacted]')
  })

  test('and so are refresh tokens of our issuer', () => {
    const refresh = `rt.${'a'.repeat(22)}.17.${'B'.repeat(43)}`
    expect(redactSecrets(`the token ${refresh} was used`)).toBe('the token [redacted] was used')
  })
})

test.each([
  'https://atlas-auth.web.cern.ch/',
  'https://storage-element01.grid.hep.example.org/data/raw.v1.2.3.root',
  '/store/a.b.c/some_very_long_file_name-0001.tar.gz',
  'scitokens-cpp 1.1.2-1.el9, node-24.21.0-linux-x64.tar.xz',
  'ewok-storage-cluster.example.org and ewoks.example.org',
  'https://keyJar.example.org/surveyJets.root, journeyJuly2026.v1 and eyJafjallajokull-north.example.org',
  'org.cern.atlas_auth.web-service.v2',
  '{"level":"INFO","msg":"read /store/a.b.c of https://atlas-auth.web.cern.ch allowed","jti":"5f0c"}',
])('host names, paths and versions stay readable: %s', (text) => {
  expect(redactSecrets(text)).toBe(text)
  expect(redactLine(text)).toBe(text)
})

describe('a request target in a log', () => {
  test.each([
    ['/store/a', '/store/a'],
    ['/store/%C3%A4', '/store/%C3%A4'],
    ['/a?authz=Bearer%20opaque-token', '/a?authz=[redacted]'],
    [
      '/a?access_token=opaque&x=1&list-type=2&flag',
      '/a?access_token=[redacted]&x=[redacted]&list-type=[redacted]&flag',
    ],
    ['/a?authz=a=b', '/a?authz=[redacted]'],
    ['/a?=x', '/a?[redacted]=[redacted]'],
    [`/a?${'s'.repeat(43)}`, '/a?[redacted]'],
    ['/a?Bearer%20opaque-token', '/a?[redacted]'],
    ['/a#access_token=opaque', '/a#[redacted]'],
    ['/a?', '/a?'],
    ['https://ana:secret@se.example/a?b=c', 'https://[redacted]@se.example/a?b=[redacted]'],
    ['/%ff/%zz', '/%ff/%zz'],
    ['', ''],
  ])('%j is told as %j', (target, told) => {
    expect(redactTarget(target)).toBe(told)
  })

  test('has no token, wherever it stands and however it is encoded', () => {
    const everyByte = (text: string): string =>
      text.replaceAll(/./g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`)
    const spellings = [
      token,
      token.replaceAll('.', '%2E'),
      everyByte(token),
      everyByte(token).replaceAll('%', '%25'),
      token.replaceAll('ey', '%2525252565y'),
      `Bearer%20${token}`,
    ]
    for (const spelling of spellings) {
      for (const target of [
        `/x/${spelling}`,
        `/x?a=${spelling}`,
        `/x?${spelling}`,
        `/x?${spelling}=1`,
        `/x#${spelling}`,
        spelling,
      ]) {
        const told = redactTarget(target)
        expect(decodeURIComponent(decodeURIComponent(told)), target).not.toContain(signature)
        expect(told).toContain('[redacted]')
      }
    }
  })
})

describe('the evidence of an error', () => {
  const errorWith = (evidence: object): TokenNotAcceptableError =>
    new TokenNotAcceptableError('invalid_claim', `the claim is ${token}`, evidence)

  test('holds no token at any depth, in actual and in expected, in names and in values', () => {
    const claim = { id: token, list: [[token]], [token]: 1, deep: { a: { b: { c: { d: token } } } } }
    const error = errorWith({ actual: claim, expected: [claim], claim: token, issuer: token })
    expect(inspect(error, { depth: 20 })).not.toContain(signature)
    expect(error.message).toBe('the claim is [redacted]')
    expect(error.actual).toMatchObject({ id: '[redacted]', list: [['[redacted]']], '[redacted]': 1 })
  })

  test('holds no private key, as text, as JWK or as an object of this runtime', async () => {
    const { key } = await createTestIssuer()
    const jwk = key.exportJwk()
    const actual = { jwk, pem: await key.exportPem(), bytes: new Uint8Array([1, 2, 3]), map: new Map([['k', token]]) }
    const text = JSON.stringify(errorWith({ actual }).actual)
    expect(text).not.toContain(jwk.d)
    expect(text).not.toContain('BEGIN')
    expect(JSON.parse(text)).toMatchObject({ bytes: '[object Uint8Array]', map: '[object Map]', jwk: { kty: 'EC' } })
  })

  test('is as it was where there is nothing to take out', () => {
    const plain = { a: [1, 'b', null, true], c: { d: undefined } }
    expect(errorWith({ expected: plain, actual: 5 })).toMatchObject({ expected: plain, actual: 5 })
    expect(errorWith({ expected: 1n }).expected).toBe(1n)
  })

  test('is bounded, and takes loops', () => {
    const loop: Record<string, unknown> = {
      wide: Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`m${n}`, n])),
    }
    loop['self'] = loop
    expect(JSON.stringify(errorWith({ actual: loop }).actual).length).toBeLessThan(10_000)
  })

  test('never keeps an error from being made', () => {
    const actual = Object.defineProperty({}, 'x', { enumerable: true, get: () => never() })
    const never = (): never => {
      throw new Error('not to be read')
    }
    expect(errorWith({ actual })).toMatchObject({ code: 'invalid_claim', actual: 'object' })
  })

  test('is a copy: what the caller does with its object later does not show', () => {
    const actual = ['x']
    const error = errorWith({ actual })
    actual.push(token)
    expect(error.actual).toEqual(['x'])
  })
})
