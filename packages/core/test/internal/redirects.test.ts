import { expect, test } from 'vitest'
import { isRedirect, redirectTarget, type RedirectRule } from '@scitokens/core/internal'

const RULE: RedirectRule = {
  maxRedirects: 3,
  redirectOrigins: ['https://keys.example'],
  dangerouslyAllowLoopbackHttp: false,
}
const first = new URL('https://vo.example/jwks')
const at = { from: new URL('https://vo.example/a/b'), first, followed: 0 }

test.each([
  ['https://vo.example/c', 'https://vo.example/c'],
  ['/c', 'https://vo.example/c'],
  ['c', 'https://vo.example/a/c'],
  ['https://keys.example/c', 'https://keys.example/c'],
])('%s is followed', (location, url) => {
  expect(redirectTarget(location, at, RULE)).toEqual({ url: new URL(url) })
})

test.each([
  [undefined, 'redirects to nowhere'],
  ['', 'redirects to nowhere'],
  ['https:\\\\vo.example', 'redirects to nowhere'],
  ['http://vo.example/c', 'redirects to what is not https'],
  ['http://127.0.0.1/c', 'redirects to what is not https'],
  ['ftp://vo.example/c', 'redirects to what is not https'],
  ['https://vo.example:8443/c', 'redirects to another origin, "https://vo.example:8443"'],
  ['//evil.example/c', 'redirects to another origin, "https://evil.example"'],
  ['https://ana:secret@vo.example/c', 'redirects to another origin'],
])('%j is refused', (location, refusal) => {
  const target = redirectTarget(location, at, RULE)
  expect(target).toEqual({ refusal: expect.stringContaining(refusal) as string })
  expect(JSON.stringify(target)).not.toContain('secret')
})

test('one more than allowed is refused', () => {
  expect(redirectTarget('/c', { ...at, followed: 2 }, RULE)).toHaveProperty('url')
  expect(redirectTarget('/c', { ...at, followed: 3 }, RULE)).toEqual({ refusal: 'redirects more than 3 times' })
})

test('loopback is followed over plain HTTP where that was allowed', () => {
  const from = new URL('http://127.0.0.1:8080/a')
  const rule = { ...RULE, dangerouslyAllowLoopbackHttp: true }
  expect(redirectTarget('/c', { from, first: from, followed: 0 }, rule)).toEqual({
    url: new URL('http://127.0.0.1:8080/c'),
  })
})

test('only statuses that name another place are redirects', () => {
  expect([200, 300, 301, 302, 303, 304, 305, 307, 308, 400].filter(isRedirect)).toEqual([301, 302, 303, 307, 308])
})
