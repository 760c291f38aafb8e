import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { coveredByAny } from '../../src/internal.ts'
import {
  covers,
  formatScope,
  formatScopes,
  intersectScopes,
  minimalScopes,
  parseScope,
  parseScopes,
  SciTokenError,
  type Scope,
} from '../../src/index.ts'
import { normalizeScopeClaim } from '../../src/claims/scopes.ts'
import { attempt } from '../refusal.ts'

// Much work, and the machine may have other work.
vi.setConfig({ testTimeout: 180_000 })

const segment = fc.constantFrom('a', 'b', 'ab', '%C3%A9', '..a', '%25')
const pathText = fc
  .tuple(fc.array(segment, { maxLength: 3 }), fc.boolean())
  .map(([parts, slash]) => `/${parts.join('/')}${slash && parts.length > 0 ? '/' : ''}`)
const withPath = fc
  .tuple(
    fc.constantFrom('read', 'write', 'queue', 'storage.create', 'storage.modify', 'storage.stage', 'storage.poll'),
    pathText,
  )
  .map(([authz, path]) => `${authz}:${path}`)
const item = fc.oneof({ weight: 5, arbitrary: withPath }, fc.constantFrom('queue', 'execute'))
const scope = item.map(parseScope)
const scopes = fc.array(scope, { maxLength: 6 })

/** What holding a scope means: the questions, of a small world, that it answers with yes. */
const world = fc.sample(scope, { numRuns: 400, seed: 7 })
const answers = (list: readonly Scope[]): string[] => [
  ...new Set(world.filter((asked) => list.some((one) => covers(one, asked))).map(formatScope)),
]

test('covering is reflexive and transitive', () => {
  fc.assert(
    fc.property(scope, scope, scope, (a, b, c) => {
      expect(covers(a, a)).toBe(true)
      if (covers(a, b) && covers(b, c)) expect(covers(a, c)).toBe(true)
    }),
    { numRuns: 3000 },
  )
})

test('what is formatted is parsed again', () => {
  fc.assert(
    fc.property(scopes, (list) => {
      const text = formatScopes(list)
      expect(text).toMatch(/^[\x20-\x7e]*$/)
      const distinct = [...new Map(list.map((one) => [formatScope(one), one])).values()]
      expect(parseScopes(text).scopes).toEqual(distinct)
      expect(normalizeScopeClaim(text)).toBe(formatScopes(distinct))
    }),
  )
})

test('a claim is read as its items are, one by one', () => {
  const odd = fc.constantFrom(
    'openid',
    'openid:/x',
    'read',
    'read:/a//b',
    'read:/a/./b',
    'read:/..',
    'x:y',
    ':/a',
    'https://a/b',
    'a/b:/c',
  )
  const odder = fc.constantFrom(
    'read:/a\\b',
    'read:/é',
    'a"b',
    'é:/x',
    'read:/.a',
    'read://',
    'read:/a.b',
    'Aa:/x',
    'BB:/x',
    '',
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(item, odd, odder), { maxLength: 8 }), fc.constantFrom(' ', '  '), (items, space) => {
      const alone = items.map((one) => attempt(() => parseScopes(one)))
      const whole = attempt(() => parseScopes(items.join(space)))
      expect(whole === undefined).toBe(alone.includes(undefined))
      if (whole === undefined) return
      const names = alone.flatMap((one) => one!.scopes.map(formatScope))
      expect(whole.scopes.map(formatScope)).toEqual([...new Set(names)])
      expect(whole.selectors).toEqual([...new Set(alone.flatMap((one) => one!.selectors))])
    }),
    { numRuns: 2000 },
  )
})

test('what two lists have in common, both cover; and nothing that both cover is lost', () => {
  fc.assert(
    fc.property(scopes, scopes, (left, right) => {
      const common = intersectScopes(left, right)
      for (const one of common) {
        expect(coveredByAny(left, one)).toBe(true)
        expect(coveredByAny(right, one)).toBe(true)
      }
      const both = new Set(answers(left))
      expect(answers(common).toSorted()).toEqual(
        answers(right)
          .filter((one) => both.has(one))
          .toSorted(),
      )
    }),
    { numRuns: 500 },
  )
})

test('the shortest list grants the same, and nothing can be left out of it', () => {
  fc.assert(
    fc.property(scopes, (list) => {
      const shortest = minimalScopes(list)
      expect(answers(shortest)).toEqual(answers(list))
      for (const [index, one] of shortest.entries()) {
        expect(
          coveredByAny(
            shortest.filter((_, at) => at !== index),
            one,
          ),
        ).toBe(false)
      }
    }),
    { numRuns: 500 },
  )
})

test('a claim says what its items say, one by one, whichever way it is gone through', () => {
  const parts = [
    'read',
    'openid',
    'storage.modify',
    'é',
    ':',
    ':',
    '/',
    '/',
    '.',
    '..',
    'a',
    'b',
    '%41',
    '%2e',
    '\\',
    '"',
    '\n',
    '',
  ]
  const anyItem = fc.array(fc.constantFrom(...parts), { maxLength: 8 }).map((some) => some.join(''))
  const outcome = (claim: string): unknown => {
    try {
      const { scopes: found, selectors } = parseScopes(claim)
      return { found: new Set(found.map(formatScope)), selectors: new Set(selectors) }
    } catch (error) {
      if (error instanceof SciTokenError) return error.code
      throw error
    }
  }
  const together = (items: readonly string[]): unknown => {
    const all = items.map((one) => outcome(one)) as ({ found: Set<string>; selectors: Set<string> } | string)[]
    const refused = all.find((one) => typeof one === 'string')
    if (refused !== undefined) return refused
    const of = (name: 'found' | 'selectors'): Set<string> =>
      new Set(all.flatMap((one) => (typeof one === 'string' ? [] : [...one[name]])))
    return { found: of('found'), selectors: of('selectors') }
  }
  fc.assert(
    fc.property(fc.array(anyItem, { maxLength: 5 }), fc.constantFrom(' ', '  '), fc.boolean(), (items, space, wide) => {
      // A letter that is not ASCII makes the scan take the whole claim apart at its spaces.
      const all = wide ? [...items, 'é:/x'] : items
      expect(outcome(all.join(space))).toEqual(together(all))
    }),
    { numRuns: 3000 },
  )
})
