import { expect, expectTypeOf, test } from 'vitest'
import {
  type CallerCode,
  type CodeOf,
  ERROR_FAMILIES,
  type ErrorCode,
  type ErrorFamily,
  TokenNotAcceptableError,
  UndecidedError,
} from '../src/index.ts'

test('whoever uses this package alone has its own codes, and no others', () => {
  expectTypeOf<ErrorCode>().toEqualTypeOf<keyof typeof ERROR_FAMILIES>()
  // @ts-expect-error -- a code of the token manager, which nothing here imports
  expectTypeOf<'login_required'>().toExtend<ErrorCode>()
})

test('an error takes the codes of its family alone', () => {
  expectTypeOf<CodeOf<'undecided'>>().toEqualTypeOf<
    'issuer_unavailable' | 'discovery_failed' | 'aborted' | 'undecided'
  >()
  expectTypeOf<'expired'>().toExtend<CallerCode<'config'>>()
  // @ts-expect-error -- "could not decide" is never told as "not acceptable"
  expect(new TokenNotAcceptableError('issuer_unavailable', 'm')).toBeInstanceOf(TokenNotAcceptableError)
  // @ts-expect-error -- nor the other way round
  expect(new UndecidedError('expired', 'm')).toBeInstanceOf(UndecidedError)
})

test('every code has one of the five families', () => {
  const families: readonly ErrorFamily[] = ['not_acceptable', 'not_allowed', 'invalid_request', 'undecided', 'config']
  expect(Object.values(ERROR_FAMILIES).filter((family) => !families.includes(family))).toEqual([])
})
