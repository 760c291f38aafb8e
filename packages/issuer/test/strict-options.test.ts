import {
  openIssuer,
  explainPolicy,
  FileAudit,
  followAudit,
  HeaderLogin,
  type IssuerOptions,
  LoginAdmin,
  OpenIdLogin,
  searchAudit,
} from '@scitokens/issuer'
import { expect, test } from 'vitest'
import { ROBOT, startIssuer } from './support/harness.ts'

const GOOD = { issuer: 'https://issuer.example', storage: { memory: true } } as const

// What a misspelt name or a mistyped value would have closed is open, and TypeScript helps nobody who writes JavaScript.
test.each<[object, string]>([
  [{ lifetme: 60 }, 'there is no option "lifetme": did you mean lifetime?'],
  [{ lifetime: '3600' }, 'the option lifetime must be'],
  [{ algorithms: [] }, 'the option algorithms is an empty list'],
  [{ clients: {} }, 'the option clients must be a list'],
  [{ clients: [{ ...ROBOT, scope: ['read:/'] }] }, 'no option "scope" in clients[0]: did you mean scopes?'],
  [{ clients: [{ ...ROBOT, skipConsent: 'false' }] }, 'the option clients[0].skipConsent must be true or false'],
  [{ clients: [{ ...ROBOT, grants: ['client_credential'] }] }, 'the option clients[0].grants[0] must be one of'],
  [{ refresh: { grace: 10 } }, 'no option "grace" in refresh: did you mean graceSeconds?'],
  [{ registration: { initialAccessTokens: [] } }, 'the option registration.initialAccessTokens is an empty list'],
  [{ registration: true }, 'the option registration must be an object'],
  [{ login: {} }, 'the option login must be a way to log in'],
  [
    { policy: { rules: [{ scopes: ['read:/'], match: { group: [] } }] } },
    'policy.rules[0].match.group is an empty list',
  ],
  [{ keys: { signing: 1 } }, 'no option "signing" in keys: did you mean signingSeconds?'],
  [{ storage: {} }, 'storage: must be one of file, memory, postgres, store'],
  [{ storage: { file: ':memory:', maxConnections: 3 } }, 'no option "maxConnections" in storage'],
  [{ storage: { memory: false } }, 'the option storage.memory must be true'],
  [{ masterKey: {} }, 'masterKey: name either value or file'],
  [{ masterKey: { value: 'text' } }, 'the option masterKey.value must be bytes'],
  [{ audit: [] }, 'the option audit must be an audit sink'],
  [{ realms: [{ isuer: 'https://issuer.example/a' }], issuer: undefined }, 'no option "isuer" in realms[0]'],
  [{ realms: [{}], issuer: undefined }, 'realms[0].issuer'],
])('an issuer is not made of %j', async (options, message) => {
  await expect(openIssuer({ ...GOOD, ...options })).rejects.toMatchObject({
    code: 'config_error',
    message: expect.stringContaining(message) as unknown,
  })
})

test('options of a running issuer are read as strictly, and so are those of a listener', async () => {
  const { issuer } = await startIssuer()
  const wrong = { ...GOOD, lifetme: 60 } as IssuerOptions
  await expect(issuer.reconfigure(wrong)).rejects.toMatchObject({ code: 'config_error' })
  await expect(issuer.listen({ prt: 0 } as object)).rejects.toMatchObject({ code: 'config_error' })
})

test.each<[() => unknown, string]>([
  [() => new HeaderLogin({ subjectHeder: 'x-user', secret: 's'.repeat(32) } as never), 'did you mean subjectHeader?'],
  [() => new HeaderLogin({ secret: 's'.repeat(32) } as never), 'login.header.subjectHeader: is missing'],
  [() => new HeaderLogin({ subjectHeader: 'x-user', secret: 's'.repeat(32), unixSocket: 'no' } as never), 'unixSocket'],
  [() => new OpenIdLogin({ issuer: 'https://login.example', clientId: 'a' } as never), 'clientSecret: is missing'],
  [
    () => new OpenIdLogin({ issuer: 'https://login.example', clientId: 'a', clientSecret: 'b', groups: 'g' } as never),
    'no option "groups" in login.openid: did you mean groupsClaim?',
  ],
])('a login reads its options strictly', (make, message) => {
  expect(make).toThrow(expect.objectContaining({ code: 'config_error', message: expect.stringContaining(message) }))
})

test('what an operator asks is read as strictly: a misspelt condition would hold for everything', async () => {
  const { issuer } = await startIssuer()
  const realm = issuer.realms[0]!
  const admin = new LoginAdmin(realm)
  const first = (all: AsyncIterable<unknown>): Promise<unknown> => all[Symbol.asyncIterator]().next()
  const refused = { code: 'config_error' }
  await expect(first(admin.list({ subjct: 'ana' } as object))).rejects.toMatchObject(refused)
  await expect(admin.end({ clent: 'app' } as never)).rejects.toMatchObject(refused)
  await expect(admin.end({} as never)).rejects.toMatchObject({ code: 'invalid_request' })
  await expect(first(searchAudit([], { subjct: 'ana' } as object))).rejects.toMatchObject(refused)
  await expect(first(searchAudit([], {}, { onbroken: () => {} } as object))).rejects.toMatchObject(refused)
  const { signal } = new AbortController()
  await expect(first(followAudit('/nowhere', {}, signal, { history: true } as object))).rejects.toMatchObject(refused)
  await expect(FileAudit.open('/nowhere', { snyc: true } as object)).rejects.toMatchObject(refused)
  await expect(explainPolicy(realm, { clientId: 'robot', scopes: 'read:/' } as never)).rejects.toMatchObject(refused)
})
