import { afterEach, expect, test, vi } from 'vitest'
import { proxiesFromEnvironment } from '../src/index.ts'
import { refusal } from './refusal.ts'

afterEach(() => vi.unstubAllEnvs())

test('an environment that names no proxy gives an empty value', () => {
  expect(proxiesFromEnvironment({})).toEqual({})
  expect(proxiesFromEnvironment({ https_proxy: '', no_proxy: ', ,' })).toEqual({})
})

test('both spellings are read, and small letters win', () => {
  expect(proxiesFromEnvironment({ HTTPS_PROXY: 'http://a:1', NO_PROXY: 'c' })).toEqual({
    https: 'http://a:1/',
    except: ['c'],
  })
  const both = {
    https_proxy: 'http://small:1',
    HTTPS_PROXY: 'http://capital:1',
    no_proxy: 'small',
    NO_PROXY: 'capital',
  }
  expect(proxiesFromEnvironment(both)).toEqual({ https: 'http://small:1/', except: ['small'] })
  expect(proxiesFromEnvironment({ https_proxy: '', HTTPS_PROXY: 'http://capital:1' })).toEqual({
    https: 'http://capital:1/',
  })
})

test('a proxy without a scheme is an http one, and may have a user and a password', () => {
  expect(proxiesFromEnvironment({ https_proxy: 'proxy.example:3128' }).https).toBe('http://proxy.example:3128/')
  expect(proxiesFromEnvironment({ https_proxy: 'https://ana:pass%40word@proxy.example' }).https).toBe(
    'https://ana:pass%40word@proxy.example/',
  )
})

test.each([
  'socks5://proxy.example',
  'http://',
  'proxy example',
  'http://proxy.example/path',
  'http://proxy.example?x',
  '://',
])('%j is no proxy, and the message names the variable alone', async (text) => {
  const read = (): unknown => proxiesFromEnvironment({ https_proxy: text })
  expect(await refusal(read)).toBe('config config_error')
  expect(read).toThrow('https_proxy must be the URL of a proxy, such as http://proxy.example:3128')
})

test('a password is in no message', () => {
  expect(() => proxiesFromEnvironment({ HTTPS_PROXY: 'ftp://ana:secret@proxy.example' })).toThrow(
    /^HTTPS_PROXY must be the URL of a proxy, such as http:\/\/proxy\.example:3128$/,
  )
})

test('http_proxy is not read: in a CGI program a client can set it, and nothing here needs it', () => {
  expect(proxiesFromEnvironment({ http_proxy: 'http://a:1', HTTP_PROXY: 'http://b:1' })).toEqual({})
})

test('exceptions come in one spelling, each once', () => {
  const text = 'Example.org, .example.org,*.example.org 10.0.0.0/8,[::1],::1,[::1]:8443,data.example:8443'
  expect(proxiesFromEnvironment({ no_proxy: text }).except).toEqual([
    'example.org',
    '10.0.0.0/8',
    '::1',
    '[::1]:8443',
    'data.example:8443',
  ])
  expect(proxiesFromEnvironment({ no_proxy: '*' }).except).toEqual(['*'])
})

test('the environment of the process is read where none is given', () => {
  vi.stubEnv('https_proxy', 'http://of-this-process:1')
  expect(proxiesFromEnvironment().https).toBe('http://of-this-process:1/')
})

test('what other programs understand in no_proxy, and we do not, is passed over: it stops no command', () => {
  const text = '192.168.*, 169.254/16 10.0.0.1/8,<local>,vo.example.,10.0.0.0/8'
  expect(proxiesFromEnvironment({ no_proxy: text }).except).toEqual(['vo.example', '10.0.0.0/8'])
})
