import { expect, test } from 'vitest'
import { type Proxies, proxyRules } from '../../src/https/index.ts'

const PROXY = 'http://proxy.example:3128'

const isProxied = (url: string, except: readonly string[]): boolean =>
  proxyRules({ https: PROXY, except })(new URL(url)) !== undefined

test('without a proxy nothing goes through one, and with one everything does', () => {
  expect(proxyRules({})(new URL('https://vo.example'))).toBeUndefined()
  expect(proxyRules({ https: PROXY })(new URL('https://vo.example'))?.href).toBe(`${PROXY}/`)
})

test.each([
  ['https://vo.example', '*'],
  ['https://vo.example', 'vo.example'],
  ['https://VO.example.', 'VO.Example'],
  ['https://vo.example', 'example'],
  ['https://vo.example', '.example'],
  ['https://vo.example', '*.example'],
  ['https://vo.example', 'vo.example:443'],
  ['https://vo.example:8443', 'vo.example:8443'],
  ['https://10.1.2.3', '10.0.0.0/8'],
  ['https://10.1.2.3', '10.1.2.3'],
  ['https://10.1.2.3:8443', '10.1.2.3:8443'],
  ['https://[2001:db8::7]', '2001:db8::7'],
  ['https://[2001:db8::7]', '[2001:db8:0::7]:443'],
  ['https://[2001:db8::7]', '2001:db8::/32'],
])('%s is asked directly for %s', (url, entry) => {
  expect(isProxied(url, ['other.test', entry])).toBe(false)
})

test.each([
  ['https://evil-vo.example', 'vo.example'],
  ['https://vo.example.evil.test', 'vo.example'],
  ['https://example', 'vo.example'],
  ['https://vo.example:8443', 'vo.example:443'],
  ['https://11.1.2.3', '10.0.0.0/8'],
  // Only an address is in a network: what a name resolves to is the proxy's to know.
  ['https://ten.example', '10.0.0.0/8'],
])('%s goes through the proxy in spite of %s', (url, entry) => {
  expect(isProxied(url, [entry])).toBe(true)
})

test.each([
  { https: 'ftp://proxy.example' },
  { https: 'proxy.example:3128' },
  { https: 'http://ana:secret@proxy example' },
  { https: PROXY, except: ['10.1.2.3/8'] },
  { https: PROXY, except: ['a b'] },
  { https: PROXY, except: ['vo.example:99999999'] },
  { https: PROXY, except: ['vo.*'] },
] as Proxies[])('%j is refused', (proxies) => {
  const refusal = expect.objectContaining({
    code: 'config_error',
    message: expect.not.stringContaining('secret') as string,
  }) as unknown
  expect(() => proxyRules(proxies)).toThrow(refusal)
})
