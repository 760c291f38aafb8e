import { ERROR_FAMILIES, type ErrorCode, SciTokenError } from '@scitokens/core'
import { expect, expectTypeOf, test } from 'vitest'
import { TOKEN_MANAGER_ERROR_FAMILIES } from '../src/index.ts'

test('whoever uses the token manager has its codes besides those of core', () => {
  type Known = keyof typeof ERROR_FAMILIES | keyof typeof TOKEN_MANAGER_ERROR_FAMILIES
  expectTypeOf<ErrorCode>().toEqualTypeOf<Known>()
  expectTypeOf<SciTokenError['code']>().toEqualTypeOf<Known>()
})

test('no code of it has another family in core', () => {
  const shared = Object.keys(TOKEN_MANAGER_ERROR_FAMILIES).filter((code) => Object.hasOwn(ERROR_FAMILIES, code))
  expect(shared).toEqual([])
})
