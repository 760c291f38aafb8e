import { describe, expect, it } from 'vitest'
import { requestTarget } from '../../../src/http/index.ts'

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
