import { openVerifier, type VerifierOptions } from '@scitokens/x509'
import { expect, test } from 'vitest'

const SECRET = 'a-secret-that-the-front-end-shares-with-us'
const FRONT_END = { secret: SECRET, dnHeader: 'x-dn' }

test.each<[unknown, RegExp]>([
  [undefined, /^options must be an object/],
  [{ authorites: '/x' }, /^there is no option "authorites": did you mean authorities\?$/],
  [{ authorities: ['/x'] }, /^the option authorities must be text/],
  [{ authorities: '' }, /^the option authorities must be text/],
  [
    { authorities: '/x', revocation: 'never' },
    /^the option revocation must be one of "require", "if-present", "ignore"/,
  ],
  [{ authorities: '/x', namespaces: false }, /^the option namespaces must be one of/],
  [{ authorities: '/x', legacyProxies: 'no' }, /^the option legacyProxies must be true or false/],
  [{ authorities: '/x', limitedProxies: 0 }, /^the option limitedProxies must be true or false/],
  [{ authorities: '/x', hosts: 'se.example.org' }, /^the option hosts must be a list/],
  [{ authorities: '/x', hosts: [] }, /^the option hosts is an empty list/],
  [{ authorities: '/x', vomsDirectory: null }, /^the option vomsDirectory is null/],
  [{ authorities: '/x', logger: console.log }, /^the option logger must be a logger/],
  [
    { frontEnd: { ...FRONT_END, unixsocket: true } },
    /^there is no option "unixsocket" in frontEnd: did you mean unixSocket\?$/,
  ],
  [{ frontEnd: { ...FRONT_END, secret: 7 } }, /^the option frontEnd\.secret must be text/],
  [{ frontEnd: { ...FRONT_END, dnHeader: 'X-DN' } }, /^frontEnd\.dnHeader: "X-DN" is not a header in lower case$/],
])('options are read strictly: %j', async (options, message) => {
  await expect(openVerifier(options as VerifierOptions)).rejects.toMatchObject({
    code: 'config_error',
    message: expect.stringMatching(message),
  })
})

test('a secret in the wrong place is not told', async () => {
  const options = { frontEnd: { ...FRONT_END, unixSocket: SECRET } }
  await expect(openVerifier(options as never)).rejects.not.toThrow(SECRET)
})
