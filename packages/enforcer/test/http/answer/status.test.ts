import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ERROR_FAMILIES, type ErrorCode, type ErrorFamily } from '@scitokens/core'
import { expect, test } from 'vitest'
import { httpRefusal } from '../../../src/http/index.ts'

const CODES = Object.keys(ERROR_FAMILIES) as ErrorCode[]
const page = readFileSync(join(import.meta.dirname, '../../../../../docs/errors.md'), 'utf8')
const documented = new Map(
  [...page.matchAll(/^\| `(\w+)` \| [^|]+ \| (\d{3})[^|]* \|$/gm)].map(([, family, status]) => [
    family!,
    Number(status),
  ]),
)

test.each(CODES)('%s is answered with the status that docs/errors.md gives its family', (code) => {
  const family = ERROR_FAMILIES[code]
  expect(documented.size).toBe(5)
  // RFC 6750 section 3.1: nothing is wrong with a request that only lacks credentials.
  const expected = code === 'no_credentials' ? 401 : documented.get(family)
  expect(httpRefusal({ code, family }).status).toBe(expected)
})

test('"not acceptable" is 401 and "could not decide" is not, whatever the code says', () => {
  const families: readonly ErrorFamily[] = ['not_acceptable', 'not_allowed', 'invalid_request', 'undecided', 'config']
  for (const code of CODES) {
    if (code === 'no_credentials') continue
    const told = families.map((family) => httpRefusal({ code, family }).status)
    expect([code, told]).toEqual([code, families.map((family) => documented.get(family))])
  }
})
