import { expect, expectTypeOf, test } from 'vitest'
import { given } from '../../src/internal.ts'

test('what is undefined is not there, and what is anything else is as it was', () => {
  const members = given({ kept: 0, empty: '', no: false, nothing: null, missing: undefined as string | undefined })
  expect(members).toStrictEqual({ kept: 0, empty: '', no: false, nothing: null })
  expect('missing' in members).toBe(false)
})

test('what may be undefined is optional, and the rest is not', () => {
  const lifetime = undefined as number | undefined
  const options: { readonly lifetime?: number; readonly kind: 'a' } = { ...given({ lifetime, kind: 'a' }) }
  expectTypeOf(given({ lifetime, kind: 'a' }).lifetime).toEqualTypeOf<number | undefined>()
  expect(options).toStrictEqual({ kind: 'a' })
})

test('a member called __proto__ stays a member', () => {
  const copy = given(JSON.parse('{"__proto__": 1}') as object)
  expect(Object.getPrototypeOf(copy)).toBe(Object.prototype)
  expect(Object.keys(copy)).toEqual(['__proto__'])
})
