import { formatFqan, parseFqan } from '@scitokens/core/internal'
import { expect, test } from 'vitest'

test.each([
  ['/cms', { group: '/cms', role: undefined }, '/cms'],
  ['/cms/uscms/Role=production', { group: '/cms/uscms', role: 'production' }, '/cms/uscms/Role=production'],
  ['/cms/Role=NULL/Capability=NULL', { group: '/cms', role: undefined }, '/cms'],
  ['/Role=production', { group: '', role: 'production' }, '/Role=production'],
])('%s is read as VOMS means it', (text, fqan, written) => {
  expect(parseFqan(text)).toEqual(fqan)
  expect(formatFqan(fqan)).toBe(written)
})

test.each(['', '/', 'cms', '/cms/../atlas', '/cms//x', '/cms x', '/cms/Role=a/b', `/${'x'.repeat(1024)}`])(
  '%j is no FQAN',
  (text) => {
    expect(parseFqan(text)).toBeUndefined()
  },
)
