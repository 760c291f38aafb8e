import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { TokenNotAcceptableError, UndecidedError } from '@scitokens/core'
import { describe, expect, test } from 'vitest'
import type { Logger, RealmOptions } from '@scitokens/issuer'
import { type Harness, type Reply, startIssuer } from '../support/harness.ts'
import { temporaryDirectory } from './temporary-directory.ts'
import { headersOf, type Holder, toldByHeaders } from './told-by-headers.ts'

const ANA = '/DC=org/DC=example/OU=People/CN=Ana'

const RULES = {
  rules: [
    { match: `dn:${encodeURIComponent(ANA)}`, scopes: ['read:/store', 'write:/store/user/{username}'] },
    { match: 'fqan:/cms', scopes: ['read:/store/cms'] },
    { match: 'fqan:/cms/Role=production', scope: 'write:/store/cms' },
  ],
}

/** Headers tell who it is, so that these tests are about rules and not about certificates. */
async function start(
  rules: unknown = RULES,
  mapping: unknown = { [ANA]: 'ana' },
  more: Partial<NonNullable<RealmOptions['x509']>> = {},
): Promise<{
  harness: Harness
  lines: string[]
  /** Asks as somebody with a name and groups. */
  ask: (form?: Record<string, string>, who?: Partial<Holder>) => Promise<Reply>
  scopeOf: (form?: Record<string, string>, who?: Partial<Holder>) => Promise<unknown>
  /** Replaces a file as others do: by renaming. */
  replace: (name: 'rules.json' | 'dn_mapping.json', content: unknown) => void
}> {
  const directory = temporaryDirectory()
  const replace = (name: string, content: unknown): void => {
    writeFileSync(join(directory, 'new'), typeof content === 'string' ? content : JSON.stringify(content))
    renameSync(join(directory, 'new'), join(directory, name))
  }
  replace('rules.json', rules)
  replace('dn_mapping.json', mapping)
  const lines: string[] = []
  const note = (_: object, message: string): void => void lines.push(message)
  const logger: Logger = { info: () => {}, warn: note, error: note }
  const x509 = {
    rules: join(directory, 'rules.json'),
    dnMapping: join(directory, 'dn_mapping.json'),
    audiences: ['https://se.example.org', 'ANY'],
    verifier: toldByHeaders,
    ...more,
  }
  const harness = await startIssuer({ x509 }, { logger })
  const ask = (form: Record<string, string> = {}, who: Partial<Holder> = {}): Promise<Reply> =>
    harness.token({ grant_type: 'client_credentials', ...form }, headersOf({ dn: ANA, ...who }))
  const scopeOf = async (...args: Parameters<typeof ask>): Promise<unknown> => {
    const { body } = await ask(...args)
    return body['scope'] ?? body['error']
  }
  return { harness, lines, ask, scopeOf, replace }
}

describe('a token for a certificate', () => {
  test('is about the user whom the mapping names, is for a server, lives an hour and is audited with the name', async () => {
    const { ask, harness } = await start()
    const { status, body } = await ask()
    expect(status).toBe(200)
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: 'read:/store write:/store/user/ana' })
    expect(await harness.claims(body['access_token'] as string)).toMatchObject({
      iss: harness.url,
      sub: 'ana',
      aud: 'https://se.example.org',
      client_id: 'x509',
      ver: 'scitoken:2.0',
      scope: 'read:/store write:/store/user/ana',
    })
    expect(harness.audit.events.at(-1)).toMatchObject({
      event: 'token_issued',
      client: 'x509',
      subject: 'ana',
      detail: ANA,
      grant: 'client_credentials',
    })
  })

  test('is about the distinguished name where the mapping names nobody, and rules with {username} give nothing then', async () => {
    const { ask, harness } = await start(RULES, {})
    const { body } = await ask()
    expect(await harness.claims(body['access_token'] as string)).toMatchObject({ sub: ANA, scope: 'read:/store' })
  })

  test('is bound to no certificate: storage servers see none', async () => {
    const { ask, harness } = await start()
    const { body } = await ask()
    expect(await harness.claims(body['access_token'] as string)).not.toHaveProperty('cnf')
  })

  test('is for a server that was asked for, as the audience policy lets it', async () => {
    const { ask, harness } = await start()
    const { body } = await ask({ audience: 'ANY' })
    expect(await harness.claims(body['access_token'] as string)).toMatchObject({ aud: 'ANY' })
    expect((await ask({ audience: 'https://elsewhere.example' })).body).toMatchObject({ error: 'invalid_target' })
  })

  test('tells groups where they are asked for', async () => {
    const { ask, harness } = await start()
    const { body } = await ask(
      { scope: 'read:/store wlcg.groups' },
      { fqans: ['/cms/Role=NULL', '/cms/Role=production'] },
    )
    expect(await harness.claims(body['access_token'] as string)).toMatchObject({ 'wlcg.groups': ['/cms'] })
  })
})

describe('rules.json', () => {
  test('unites what all rules that match give', async () => {
    const { scopeOf } = await start()
    const all = 'read:/store write:/store/user/ana write:/store/cms'
    expect(await scopeOf({}, { fqans: ['/cms/Role=production/Capability=NULL'] })).toBe(all)
    expect(await scopeOf({}, { dn: '/CN=other', fqans: ['/cms'] })).toBe('read:/store/cms')
  })

  test('is narrowed to what was asked for, by scope and by the old scopes alike', async () => {
    const { scopeOf } = await start()
    expect(await scopeOf({ scope: 'read:/store/a' })).toBe('read:/store/a')
    expect(await scopeOf({ scopes: 'read:/store/a write:/store/user/ana/b' })).toBe(
      'read:/store/a write:/store/user/ana/b',
    )
    expect(await scopeOf({ scope: 'read:/ write:/' })).toBe('read:/store write:/store/user/ana')
    expect(await scopeOf({ scope: 'read:/store', scopes: 'write:/store/user/ana' })).toBe('read:/store')
  })

  test.each([
    ['of a path', 'read:/storeX', '/cms'],
    ['of a user’s path', 'write:/store/user/anabel', '/cms'],
  ])('knows where a component ends: %s', async (_, scope) => {
    expect(await (await start()).scopeOf({ scope })).toBe('invalid_scope')
  })

  test.each([
    ['/cms', true],
    ['/cms/uscms', true],
    ['/cms/uscms/Role=production', true],
    ['/cmsfoo', false],
    ['/cmsfoo/Role=production', false],
    ['/', false],
  ])('means members of /cms and its groups: %s is one, %s', async (fqan, is) => {
    const { ask } = await start({ rules: [{ match: 'fqan:/cms', scopes: ['read:/store'] }] }, {})
    const { body } = await ask({}, { dn: '/CN=other', fqans: [fqan] })
    expect(body['scope'] === 'read:/store').toBe(is)
  })

  test.each([
    ['/cms/Role=production', true],
    ['/cms/Role=production/Capability=NULL', true],
    ['/cms/uscms/Role=production', true],
    ['/cms', false],
    ['/cms/Role=NULL', false],
    ['/cms/Role=productionX', false],
    ['/cms/Role=pilot', false],
  ])('means a role where it names one: %s has it, %s', async (fqan, has) => {
    const { ask } = await start({ rules: [{ match: 'fqan:%2Fcms/Role=production', scopes: ['write:/store'] }] }, {})
    const { body } = await ask({}, { dn: '/CN=other', fqans: [fqan] })
    expect(body['scope'] === 'write:/store').toBe(has)
  })

  test.each([['../root'], ['a/b'], ['..'], ['a b'], ['%2e%2e'], ['']])(
    'gives nothing for the user name %j, which would leave its component',
    async (username) => {
      const { scopeOf } = await start(RULES, { [ANA]: username })
      expect(await scopeOf()).toBe('read:/store')
      expect(await scopeOf({ scope: 'write:/' })).toBe('invalid_scope')
    },
  )

  test('means a distinguished name whole and with its case, whichever name its e-mail attribute has', async () => {
    const robot = '/DC=org/CN=Robot: ana+1/emailAddress=ana@example.org'
    const match = 'dn:/DC=org/CN=Robot%3A+ana%2B1/Email=ana%40example.org'
    const known = await start({ rules: [{ match, scopes: ['read:/store'] }] }, {})
    expect(await known.scopeOf({}, { dn: robot })).toBe('read:/store')
    const { scopeOf } = await start({ rules: [{ match: `dn:${ANA}`, scopes: ['read:/store'] }] }, {})
    for (const dn of [`${ANA}X`, ANA.slice(0, -1), ANA.toLowerCase(), `/C=DE${ANA}`]) {
      // oxlint-disable-next-line no-await-in-loop -- few
      expect(await scopeOf({}, { dn })).toBe('invalid_scope')
    }
  })

  test.each([
    ['no JSON', '{'],
    ['no list', {}],
    ['neither dn nor fqan', { rules: [{ match: 'everybody', scopes: ['read:/'] }] }],
    ['a scope that leaves its path', { rules: [{ match: 'fqan:/cms', scopes: ['read:/../etc'] }] }],
    ['another placeholder', { rules: [{ match: 'fqan:/cms', scopes: ['read:/{group}'] }] }],
    ['a placeholder outside the path', { rules: [{ match: 'fqan:/cms', scopes: ['{username}:/'] }] }],
  ])('with %s stops the issuer from starting, and says which key names the file', async (_, rules) => {
    await expect(start(rules)).rejects.toMatchObject({
      code: 'config_error',
      message: expect.stringMatching(/^x509\.rules: /),
    })
  })
})

describe('a file that is replaced', () => {
  test('counts from the next request on, as often as it is replaced', async () => {
    const { scopeOf, replace } = await start()
    for (const path of ['/a', '/b', '/c']) {
      replace('rules.json', { rules: [{ match: `dn:${ANA}`, scopes: [`read:${path}`, 'write:/u/{username}'] }] })
      replace('dn_mapping.json', { [ANA]: `ana${path.slice(1)}` })
      // oxlint-disable-next-line no-await-in-loop -- one after the other is the test
      expect(await scopeOf()).toBe(`read:${path} write:/u/ana${path.slice(1)}`)
    }
  })

  test.each([['rules.json'], ['dn_mapping.json']] as const)(
    'and makes no sense leaves the old %s in force, with one sentence in the log',
    async (name) => {
      const { scopeOf, replace, lines } = await start()
      replace(name, '{"rules": [')
      for (let ask = 0; ask < 3; ask++) {
        // oxlint-disable-next-line no-await-in-loop -- the log must not grow with requests
        expect(await scopeOf()).toBe('read:/store write:/store/user/ana')
      }
      expect(lines).toEqual([`the new ${name} cannot be read, the one before it stays in force`])
      replace('rules.json', { rules: [{ match: `dn:${ANA}`, scopes: ['read:/new'] }] })
      replace('dn_mapping.json', {})
      expect(await scopeOf()).toBe('read:/new')
    },
  )
})

describe('errors', () => {
  test.each([
    [{ grant_type: 'password' }, 400, 'unsupported_grant_type'],
    [{ grant_type: 'refresh_token', refresh_token: 'x' }, 400, 'unauthorized_client'],
    [{ grant_type: '' }, 400, 'invalid_request'],
    [{ scope: 'read:/other' }, 400, 'invalid_scope'],
    [{ scope: 'read:/..' }, 400, 'invalid_scope'],
    [{ audience: 'https://elsewhere.example' }, 400, 'invalid_target'],
    [{ expires_in: 'long' }, 400, 'invalid_request'],
    [{ client_secret: 'something' }, 401, 'invalid_client'],
    [{ client_id: 'x509' }, 401, 'invalid_client'],
  ] as const)('are those of OAuth: %j is answered %i %s', async (form, status, error) => {
    const { ask } = await start()
    const reply = await ask(form)
    expect(reply).toMatchObject({ status, body: { error } })
    expect(reply.headers).toMatchObject({ 'cache-control': 'no-store', 'content-type': expect.stringMatching(/json/) })
  })

  test('tell that somebody without a rule gets nothing', async () => {
    const { ask, harness } = await start()
    expect(await ask({}, { dn: '/CN=nobody' })).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
    expect(harness.audit.events.at(-1)).toMatchObject({
      event: 'token_refused',
      client: 'x509',
      subject: '/CN=nobody',
      error: 'invalid_scope',
    })
  })
})

test('keys and metadata are published, and the grant is among it', async () => {
  const { harness } = await start()
  const server = harness.issuer.buildServer()
  const metadata = (await server.inject('/.well-known/oauth-authorization-server/vo')).json<Record<string, unknown>>()
  expect(metadata).toMatchObject({ issuer: harness.url, token_endpoint: `${harness.url}/token` })
  expect(metadata['grant_types_supported']).toContain('client_credentials')
  expect(metadata['scopes_supported']).toEqual(
    expect.arrayContaining(['read:/store', 'read:/store/cms', 'write:/store/cms']),
  )
  expect((await server.inject('/vo/jwks')).json()).toMatchObject({ keys: [{ kty: 'EC', crv: 'P-256' }] })
})

test('all certificates are one client, so none may revoke or ask about the token of another', async () => {
  const { ask, harness } = await start()
  const { body } = await ask()
  const token = body['access_token'] as string
  const headers = headersOf({ dn: '/CN=other' })
  expect((await harness.post('/revoke', { token }, headers)).status).toBe(401)
  expect((await harness.post('/introspect', { token }, headers)).status).toBe(401)
})

test('the name of the client for certificates cannot be another client’s', async () => {
  await expect(start(RULES, {}, { clientId: 'robot' })).rejects.toMatchObject({
    code: 'config_error',
    message: expect.stringMatching(/^x509\.clientId: /),
  })
})

test.each([
  [{ rules: 'MISSING' }, /^x509\.rules: the file cannot be read: ENOENT$/],
  [{ dnMapping: 'MISSING' }, /^x509\.dnMapping: the file cannot be read: ENOENT$/],
])('a file that is not there stops the start: %j', async (change, message) => {
  const directory = temporaryDirectory()
  const paths = Object.entries(change).map(([key, name]) => [key, join(directory, name)])
  await expect(start(RULES, {}, Object.fromEntries(paths))).rejects.toMatchObject({
    code: 'config_error',
    message: expect.stringMatching(message),
  })
})

test('a limited proxy gets no scope that starts jobs, and the audit says what it is', async () => {
  const { ask, harness } = await start({ rules: [{ match: 'fqan:/jobs', scopes: ['compute.create', 'compute.read'] }] })
  const { body } = await ask({}, { fqans: ['/jobs'], limited: true })
  expect(body).toMatchObject({ scope: 'compute.read' })
  expect(harness.audit.events.at(-1)).toMatchObject({ detail: `${ANA} (limited proxy); /jobs` })
})

test('a user name that the verifier tells goes before the mapping’s', async () => {
  const { ask, harness } = await start(RULES, { [ANA]: 'other' })
  const { body } = await ask({}, { username: 'ana' })
  expect(body).toMatchObject({ scope: 'read:/store write:/store/user/ana' })
  expect(await harness.claims(body['access_token'] as string)).toMatchObject({ sub: 'ana' })
})

test('who shows no certificate is nobody', async () => {
  const { harness } = await start()
  expect(await harness.token({ grant_type: 'client_credentials' }, {})).toMatchObject({
    status: 401,
    body: { error: 'invalid_client', error_description: 'client authentication failed' },
  })
})

test('what another verifier throws is told by its code where it does not say more', async () => {
  const throwing = (problem: Error) => {
    const identify = async (): Promise<never> => {
      throw problem
    }
    return start(RULES, {}, { verifier: { ...toldByHeaders, identify } })
  }
  const refused = await throwing(new TokenNotAcceptableError('untrusted_issuer', 'somebody else’s certificate'))
  expect(await refused.ask()).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
  expect(refused.harness.audit.events.at(-1)?.detail).toBe('untrusted_issuer: somebody else’s certificate')
  const undecided = await throwing(new UndecidedError('undecided', 'the list is away'))
  expect(await undecided.ask()).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } })
})
