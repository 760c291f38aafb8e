import { afterEach, expect, test, vi } from 'vitest'
import { refusal } from '../refusal.ts'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.resetModules()
})

// Once with the platform's Buffer, once without, as in a browser.
const platforms = ['with Buffer', 'without Buffer'] as const
async function load(platform: (typeof platforms)[number]): Promise<typeof import('../../src/jose/base64url.ts')> {
  vi.resetModules()
  if (platform === 'without Buffer') vi.stubGlobal('Buffer', undefined)
  return import('../../src/jose/base64url.ts')
}

test.each(platforms)('what is encoded is decoded again, %s', async (platform) => {
  const { decodeBase64url, encodeBase64url } = await load(platform)
  for (let length = 0; length < 70; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 83 + length * 251) % 256)
    const text = encodeBase64url(bytes)
    expect(text).toMatch(/^[A-Za-z0-9_-]*$/)
    expect([...decodeBase64url(text, 'x')]).toEqual([...bytes])
  }
  expect(encodeBase64url(Uint8Array.of(0xfb, 0xff, 0xfe))).toBe('-__-')
})

test.each(['a', 'ab=', 'a+/b', 'ab c', 'ab\n', 'aQ==', 'aR', 'aaB', 'é', 'aaaa.'])(
  '%j is not base64url: padding, white space, other alphabets and stray bits are refused',
  async (text) => {
    const { decodeBase64url, isBase64url } = await load('with Buffer')
    expect(isBase64url(text)).toBe(false)
    expect(() => decodeBase64url(text, 'the header')).toThrow('the header is not base64url')
    expect(await refusal(() => decodeBase64url(text, 'x')).catch(String)).toContain('malformed_token')
  },
)
