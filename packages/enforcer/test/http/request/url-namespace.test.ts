import { parseRequestPath } from '@scitokens/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type UrlNamespaceOptions } from '../../../src/http/index.ts'
import { parseRoute, UrlNamespace } from '../../../src/internal.ts'

const code = (name: string) => expect.objectContaining({ code: name })
const judged = (
  target: string,
  options: UrlNamespaceOptions = {},
  base = '',
  rest = target.slice(base.length),
): string => {
  const urls = new UrlNamespace(options)
  return urls.toJudge(urls.read(target, base, rest))
}

describe('the path that is judged', () => {
  it('is the whole path of the URL, whatever the framework has cut off for a mount', () => {
    expect(judged('/store/a?b=/c')).toBe('/store/a')
    expect(judged('/store/a?b=/c', {}, '/store')).toBe('/store/a')
    expect(judged('/tenant/A/docs', {}, '/tenant/A')).toBe('/tenant/A/docs')
    // Express gives handlers a slash where nothing is left.
    expect(judged('/store', {}, '/store', '/')).toBe('/store')
    expect(judged('/store?x', {}, '/store', '/?x')).toBe('/store')
  })

  it.each([
    ['/data/x/', '/x/'],
    ['/data/', '/'],
    ['/data', '/'],
    ['/data/data/x', '/data/x'],
    ['/data/x%20y?z', '/x%20y'],
  ])('of %s below its prefix is %s', (target, path) => {
    expect(judged(target, { prefix: '/data' })).toBe(path)
    expect(judged(target, { prefix: '/data/', namespace: '/st%C3%B6re' })).toBe(`/st%C3%B6re${path}`)
    expect(judged(target, { namespace: '/store' })).toBe(`/store${target.split('?')[0]}`)
  })

  it.each(['/datax', '/dat', '/x/data/y', '/DATA/x', '/', '/%64ata/x'])(
    'refuses %s, which is not below it',
    (target) => {
      expect(() => judged(target, { prefix: '/data' })).toThrow(code('invalid_request'))
    },
  )

  it('a guard that can see nothing below its prefix is a mistake of the app; another spelling is one of the client', () => {
    expect(() => judged('/files/x', { prefix: '/store' }, '/files')).toThrow(code('config_error'))
    expect(() => judged('/FILES/x', { prefix: '/files' }, '/FILES')).toThrow(code('invalid_request'))
    const urls = new UrlNamespace({ prefix: '/store' })
    const at = (target: string, route: string) => () => urls.toJudge(urls.read(target, '', target), parseRoute(route))
    expect(at('/files/x', '/files/*')).toThrow(code('config_error'))
    expect(at('/files', '/files')).toThrow(code('config_error'))
    expect(at('/x', '/*')).toThrow(code('invalid_request'))
  })
})

describe('a URL that was rewritten on the way', () => {
  it('is judged where nothing but the prefix was taken off', () => {
    expect(judged('/proxy/store/a', { prefix: '/proxy' }, '', '/store/a')).toBe('/store/a')
    expect(judged('/proxy/store/a', { prefix: '/proxy' }, '/store', '/a')).toBe('/store/a')
    expect(judged('/proxy', { prefix: '/proxy' }, '', '/')).toBe('/')
    expect(judged('/proxy/store', { prefix: '/proxy' }, '/store', '/')).toBe('/store')
  })

  it.each([
    ['/latest/a', '', '/v2/a'],
    ['/proxy/a', '', '/a'],
    ['/store/a', '/store', '/b'],
    ['/store/a', '', '/store/a?x'],
    ['/store/a', '/other', '/a'],
  ])('is refused otherwise: of %s it was made %s and %s', (target, base, rest) => {
    expect(() => judged(target, {}, base, rest)).toThrow(code('config_error'))
    expect(() => judged(target, { prefix: '/else' }, base, rest)).toThrow(code('config_error'))
  })
})

describe('mounts that are spelt in another way than their router meant', () => {
  it.each([
    ['/tenant/./docs', '/tenant/.'],
    ['/tenant/%2e/docs', '/tenant/%2E'.toLowerCase()],
    ['/tenant//docs', '/tenant/'],
  ])('%s is refused', (target, base) => {
    expect(() => judged(target, {}, base)).toThrow(code('invalid_request'))
  })

  it('a mount that ends within a component is refused', () => {
    expect(() => judged('/data.json', {}, '/data', '/.json')).toThrow(code('invalid_request'))
  })
})

describe('the URL that handlers see', () => {
  it('means exactly what was judged, below the mount, and the next guard knows it', () => {
    const urls = new UrlNamespace()
    const url = urls.read('/tenant/%41//d%6fcs/./a%20b?q=%2F', '/tenant/%41', '//d%6fcs/./a%20b?q=%2F')
    const served = urls.toServe(url, parseRequestPath(urls.toJudge(url)))
    expect(served?.rest).toBe('/docs/a%20b?q=%2F')
    const next = urls.read(served!.url.target, '/tenant/%41', served!.rest)
    expect(urls.toJudge(next)).toBe('/tenant/%41/docs/a%20b')
    expect(urls.toServe(next, parseRequestPath('/tenant/A/docs/a%20b'))).toBeUndefined()
  })

  it('stays as it is where it is normal already', () => {
    for (const options of [{}, { prefix: '/data' }, { prefix: '/data', namespace: '/st%C3%B6re' }]) {
      const urls = new UrlNamespace(options)
      const url = urls.read('/data/a%20b', '', '/data/a%20b')
      expect(urls.toServe(url, parseRequestPath(urls.toJudge(url)))).toBeUndefined()
    }
  })

  it('has the prefix only where it had it', () => {
    const urls = new UrlNamespace({ prefix: '/proxy' })
    const there = urls.read('/proxy//a', '', '/proxy//a')
    expect(urls.toServe(there, parseRequestPath('/a'))?.rest).toBe('/proxy/a')
    const gone = urls.read('/proxy//a', '', '//a')
    const served = urls.toServe(gone, parseRequestPath('/a'))
    expect(served).toMatchObject({ rest: '/a', url: { target: '/proxy/a' } })
    expect(urls.toJudge(urls.read(served!.url.target, '', '/a'))).toBe('/a')
  })

  it('whatever the characters, judging it again gives the same path', () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).filter((text) => {
      try {
        parseRequestPath(`/${text}`, { pathIsDecoded: true })
        return text.isWellFormed()
      } catch {
        return false
      }
    })
    const part = fc.constantFrom('/', '/base', '/b%20c/d')
    fc.assert(
      fc.property(fc.array(name, { maxLength: 4 }), part, part, (names, prefix, namespace) => {
        const urls = new UrlNamespace({ prefix, namespace })
        const before = prefix === '/' ? '' : prefix
        const target = `${before}/${names.map(encodeURIComponent).join('/')}`.replaceAll('%2F', '/')
        const url = urls.read(target, '', target)
        const path = parseRequestPath(urls.toJudge(url))
        const rest = urls.toServe(url, path)?.rest ?? target
        expect(parseRequestPath(urls.toJudge(urls.read(rest, '', rest)))).toBe(path)
      }),
    )
  })
})

describe('a Destination', () => {
  const hosts = ['data.example']
  const destination = (header: string, options: UrlNamespaceOptions, base = '', isStripped = false) =>
    new UrlNamespace(options).destination(header, { base, isStripped }, hosts)

  it('is judged by its whole path too, in the same mount', () => {
    expect(destination('/dav/b', {})).toBe('/dav/b')
    expect(destination('https://data.example/dav/b', {}, '/dav')).toBe('/dav/b')
    expect(destination('/dav/b', { prefix: '/dav', namespace: '/store' }, '/dav')).toBe('/store/b')
    expect(destination('/proxy/dav/b', { prefix: '/proxy' }, '/dav', true)).toBe('/dav/b')
    for (const [header, options, base] of [
      ['/tenant/B/x', {}, '/tenant/A'],
      ['/other/b', { prefix: '/dav' }, ''],
      ['/davies/b', { prefix: '/dav' }, ''],
    ] as const) {
      expect(() => destination(header, options, base)).toThrow(code('invalid_request'))
    }
  })
})

it.each([{ prefix: '/a/../b' }, { prefix: 'store' }, { namespace: '/a%2Fb' }, { namespace: '' }, { prefix: '/a\\b' }])(
  '%j is refused at once',
  (options) => {
    expect(() => new UrlNamespace(options)).toThrow(code('config_error'))
  },
)
