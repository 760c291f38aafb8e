import { parseRequestPath } from '@scitokens/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { belowMount, Mount, requestTarget } from '../../src/http/index.ts'

describe('requestTarget', () => {
  it('cuts at the first question mark and decodes nothing', () => {
    expect(requestTarget('/a/%2e?b=/c?d')).toEqual({ path: '/a/%2e', query: 'b=/c?d' })
    expect(requestTarget('/')).toEqual({ path: '/', query: '' })
  })

  it.each(['', '*', 'a', 'http://h/a', '//h/a#b', '/a#b', '/a\\b', '/a b', '/a\u00e9', '/a\0', '/a\tb', '\\a'])(
    'refuses %j, of which parsers make different things',
    (target) => {
      expect(() => requestTarget(target)).toThrow(expect.objectContaining({ code: 'invalid_request' }))
    },
  )
})

describe('Mount', () => {
  it('puts its part of the namespace before a path, and takes it off again', () => {
    const mount = new Mount('/store/%C3%A4/')
    expect(mount.inNamespace('/x%20y')).toBe('/store/%C3%A4/x%20y')
    expect(mount.served(parseRequestPath('/store/ä/x y', { pathIsDecoded: true }))).toBe('/x%20y')
    expect(mount.served(parseRequestPath('/store/ä', { pathIsDecoded: true }))).toBe('/')
  })

  it('refuses a prefix with tricks', () => {
    expect(() => new Mount('/a/../b')).toThrow(expect.objectContaining({ code: 'invalid_request' }))
    expect(() => new Mount('store')).toThrow(expect.objectContaining({ code: 'invalid_request' }))
  })

  it('hands on a path that means exactly what was judged, whatever its characters', () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).filter((text) => {
      try {
        parseRequestPath(`/${text}`, { pathIsDecoded: true })
        return text.isWellFormed()
      } catch {
        return false
      }
    })
    fc.assert(
      fc.property(fc.array(name, { maxLength: 4 }), fc.constantFrom('/', '/base', '/b%20c/d'), (names, prefix) => {
        const mount = new Mount(prefix)
        const below = `/${names.map(encodeURIComponent).join('/')}`.replaceAll('%2F', '/')
        const judged = parseRequestPath(mount.inNamespace(below))
        expect(parseRequestPath(mount.inNamespace(mount.served(judged)))).toBe(judged)
      }),
    )
  })
})

describe('belowMount', () => {
  it.each([
    ['/data/x/', '/data', '/x/'],
    ['/data/', '/data', '/'],
    ['/data', '/data', '/'],
    ['/data/data/x', '/data', '/data/x'],
    ['/x', '', '/x'],
    ['', '', '/'],
  ])('of %j below %j it is %j', (path, mountedAt, below) => {
    expect(belowMount(path, mountedAt)).toBe(below)
  })

  it.each([
    ['/datax', '/data'],
    ['/dat', '/data'],
    ['/x/data/y', '/data'],
    ['/DATA/x', '/data'],
    ['x', ''],
  ])('refuses %j, which does not lie below %j', (path, mountedAt) => {
    expect(() => belowMount(path, mountedAt)).toThrow(expect.objectContaining({ code: 'invalid_request' }))
  })
})
