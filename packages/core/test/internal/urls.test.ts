import { expect, test } from 'vitest'
import { isSecureUrl, isWebUrl, readUrl, unusableUrl } from '../../src/internal.ts'

test.each([
  'https://vo.example',
  'https://vo.example:8443/a/b;c?d=e&f=%2F#g',
  'https://[2001:db8::1]/',
  "https://vo.example/(a)*!'$,",
  'https://VO.Example./',
  'https://127.0.0.1:8443',
  'https://ana:x@vo.example',
  'https://xn--bcher-kva.example/',
  'com.example.app:/callback',
  'urn:example:a',
])('%s is a URL to the letter', (text) => {
  expect(readUrl(text)).toEqual(new URL(text))
})

test.each([
  'https://vo.example/a\nb',
  'https://vo.exa\tmple/',
  'https://vo.example\r\n',
  'https://vo.example/\0',
  ' https://vo.example',
  'https://vo.example ',
  'https:\\\\vo.example',
  'https://vo.example\\@evil.example',
  'https:vo.example',
  'https:/vo.example',
  'https:///vo.example',
  'HTTPS:vo.example',
  'https://?a',
  'https://vo.example/%',
  'https://vo.example/%g0',
  'https://vo.example/{a}',
  'https://vo.example/"',
  'https://vo.example/ü',
  'https://vo.example/\u202e',
  'http://0x7f.1/',
  'http://%31%32%37.0.0.1:80/',
  'http://2130706433',
  'https://127.1/',
  'https://vo%2Eexample/',
  '/path',
  'vo.example',
  '',
  undefined,
  null,
  42,
  ['https://vo.example'],
])('%j is none, though a parser may mend it', (text) => {
  expect(readUrl(text)).toBeUndefined()
})

test('a relative reference is read where there is something to which it is relative, to the letter too', () => {
  const base = new URL('https://vo.example/a/b')
  expect(readUrl('../c?d', base)?.href).toBe('https://vo.example/c?d')
  expect(readUrl('//other.example/', base)?.href).toBe('https://other.example/')
  for (const text of ['/c\n', '\\c', ' /c', 'https:c', 'https:/c', '//0x7f.1/', '///c', ''])
    expect(readUrl(text, base), text).toBeUndefined()
})

test('a web URL has TLS or is on this machine, and names no user', () => {
  expect(['https://vo.example/', 'http://127.0.0.1:80/', 'http://localhost/'].map(isWebUrl)).toEqual([true, true, true])
  const others = [
    'http://vo.example/',
    'ftp://vo.example/',
    'javascript:alert(1)',
    'file:///a',
    'https://a@vo.example/',
  ]
  expect(others.filter(isWebUrl)).toEqual([])
})

test('of metadata the first member that is there and unusable is named; what is not there, or not asked about, is not', () => {
  const metadata = { a_endpoint: 'https://vo.example/', b_endpoint: 'https://vo.example/\n', c_uri: 'nothing', d: null }
  expect(unusableUrl(metadata, ['a_endpoint', 'x_endpoint'])).toBeUndefined()
  expect(unusableUrl(metadata, ['a_endpoint', 'b_endpoint', 'c_uri'])).toBe('b_endpoint')
  expect(unusableUrl(metadata, ['d'])).toBe('d')
  expect(unusableUrl(Object.create({ a_endpoint: 'nothing' }) as object, ['a_endpoint'])).toBeUndefined()
})

test('a URL may be spoken to over https, and over http only on this machine and by leave', () => {
  const [secure, loopback, plain, other] = ['https://a', 'http://127.0.0.1', 'http://a', 'ftp://localhost'].map(
    (url) => new URL(url),
  )
  expect([secure, loopback, plain, other].map((url) => isSecureUrl(url!, false))).toEqual([true, false, false, false])
  expect([secure, loopback, plain, other].map((url) => isSecureUrl(url!, true))).toEqual([true, true, false, false])
})
