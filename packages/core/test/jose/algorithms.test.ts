import { expect, test } from 'vitest'
import { checkAlgorithms, DEFAULT_ALGORITHMS, isAlgorithm } from '../../src/internal.ts'
import { refusal } from '../refusal.ts'

test('RS256 and ES256 are what every profile demands, and the default', () => {
  expect(DEFAULT_ALGORITHMS.toSorted()).toEqual(['ES256', 'RS256'])
})

test.each(['ES256', 'ES384', 'ES512', 'RS256', 'PS256', 'EdDSA', 'Ed25519'])('%s can be asked for', (alg) => {
  expect(checkAlgorithms([alg])).toEqual([alg])
})

test.each([
  'none',
  'None',
  'HS256',
  'HS512',
  'RS384',
  'RS512',
  'PS512',
  'es256',
  'ES256 ',
  '',
  'toString',
  '__proto__',
])('%j cannot, under any option', async (alg) => {
  expect(isAlgorithm(alg)).toBe(false)
  expect(await refusal(() => checkAlgorithms(['ES256', alg]))).toBe('config config_error')
})

test('no algorithm at all, or no list, is a mistake', async () => {
  expect(await refusal(() => checkAlgorithms([]))).toBe('config config_error')
  expect(await refusal(() => checkAlgorithms('ES256' as never))).toBe('config config_error')
})
