import { formatPlace, parsePlace } from '@scitokens/service'
import { expect, test } from 'vitest'

test.each([
  ['127.0.0.1:9000', { host: '127.0.0.1', port: 9000 }],
  ['[::1]:0', { host: '::1', port: 0 }],
  ['vo.example:443', { host: 'vo.example', port: 443 }],
  ['unix:/run/x.sock', { path: '/run/x.sock' }],
])('%s is a place, and is written the same', (written, place) => {
  expect(parsePlace(written)).toEqual(place)
  expect(formatPlace(place)).toBe(written)
})

test.each([
  '',
  'nonsense',
  '9000',
  '127.0.0.1',
  '127.0.0.1:65536',
  '::1:80',
  'unix:run/x',
  'http://127.0.0.1:80',
  'a b:80',
])('%j is none', (written) => {
  expect(() => parsePlace(written)).toThrow('is no address: write 127.0.0.1:9000 or unix:/run/scitokens/authz.sock')
})
