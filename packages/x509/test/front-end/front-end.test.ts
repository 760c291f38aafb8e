import { request } from 'node:http'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { FrontEndOptions } from '../../src/front-end/front-end.ts'
import { openVerifier } from '../../src/open-verifier.ts'
import type { VerifierOptions } from '../../src/options.ts'
import { type Harness, type Reply, startIssuer } from '../../../issuer/test/harness.ts'
import { build, lay, scenario, temporaryDirectory } from '../scenario.ts'
import { newKeys, pem } from '../../src/testing/pki.ts'

const SECRET = 'a-secret-that-the-front-end-shares-with-us'
const ANA = '/DC=org/DC=example/OU=People/CN=Ana'
const RULES = {
  rules: [
    { match: `dn:${ANA}`, scopes: ['read:/store'] },
    { match: 'fqan:/cms', scopes: ['read:/cms'] },
    { match: 'fqan:/jobs', scopes: ['compute.create', 'compute.read'] },
    { match: 'fqan:/Role=admin', scopes: ['write:/conf/{username}'] },
  ],
}

async function start(
  frontEnd: FrontEndOptions,
  made = scenario(),
  more: VerifierOptions = {},
): Promise<{ harness: Harness; chain: Buffer[] }> {
  const directory = temporaryDirectory()
  const { authorities, chain } = build(made)
  const { certificates, vomsdir } = lay(made, authorities, directory)
  const rules = join(directory, 'rules.json')
  writeFileSync(rules, JSON.stringify(RULES))
  const judging = { authorities: certificates, vomsDirectory: vomsdir, hosts: ['issuer.example.org'] }
  const verifier = await openVerifier({ ...judging, frontEnd, ...more })
  const harness = await startIssuer({ x509: { verifier, rules, audiences: ['https://se.example.org'] } })
  return { harness, chain: made.present(chain).map(({ der }) => der) }
}

function ask(harness: Harness, headers: Record<string, string>): Promise<Reply> {
  return harness.token({ grant_type: 'client_credentials' }, headers)
}

const believed = { 'x-front-end-secret': SECRET }
const escaped = (der: Buffer): string => encodeURIComponent(pem(der))
const oneLine = (der: Buffer): string => pem(der).replaceAll('\n', ' ')

describe('a certificate in a header', () => {
  const frontEnd = { secret: SECRET, certificateHeader: 'x-ssl-client-cert', chainHeader: 'x-ssl-client-chain' }

  test.each([
    ['as nginx escapes it', ([leaf, ...rest]: Buffer[]) => [escaped(leaf!), rest.map(escaped)]],
    ['with blanks for line ends, as Apache has it', ([leaf, ...rest]: Buffer[]) => [oneLine(leaf!), rest.map(oneLine)]],
    ['in base64', ([leaf, ...rest]: Buffer[]) => [leaf!.toString('base64'), rest.map((der) => der.toString('base64'))]],
  ] as const)('is judged here with its chain: %s', async (_, write) => {
    const { harness, chain } = await start(frontEnd)
    const [leaf, rest] = write(chain) as [string, string[]]
    const numbered = Object.fromEntries(rest.map((text, index) => [`x-ssl-client-chain-${index}`, text]))
    const reply = await ask(harness, { ...believed, 'x-ssl-client-cert': leaf, ...numbered })
    expect(reply.body).toMatchObject({ scope: 'read:/store read:/cms' })
    expect(harness.audit.events.at(-1)).toMatchObject({
      subject: ANA,
      detail: `${ANA}; /cms /cms/uscms/Role=production`,
    })
  })

  test('is judged here with its chain: by RFC 9440', async () => {
    const { harness, chain } = await start(frontEnd)
    const [leaf, ...rest] = chain.map((der) => `:${der.toString('base64')}:`)
    const reply = await ask(harness, {
      ...believed,
      'x-ssl-client-cert': leaf!,
      'x-ssl-client-chain': rest.join(', '),
    })
    expect(reply.status).toBe(200)
  })

  test('is refused for what it is, although the front end is believed', async () => {
    const made = scenario({ intermediates: 0, proxies: 0, attributes: false })
    made.person.signWith = newKeys().privateKey
    const { harness, chain } = await start(frontEnd, made)
    const reply = await ask(harness, { ...believed, 'x-ssl-client-cert': escaped(chain[0]!) })
    expect(reply).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
    expect(reply.body['error_description']).toMatch(/^the certificate is not acceptable \(bad_signature\): /)
  })

  test('that cannot be judged is nobody’s fault who asks', async () => {
    const made = scenario({ intermediates: 0, proxies: 0, attributes: false })
    made.crls = []
    const { harness, chain } = await start(frontEnd, made)
    const reply = await ask(harness, { ...believed, 'x-ssl-client-cert': escaped(chain[0]!) })
    expect(reply).toMatchObject({
      status: 503,
      headers: { 'retry-after': '60' },
      body: { error: 'temporarily_unavailable', error_description: expect.stringMatching(/\(crl_missing\)$/) },
    })
    expect(harness.audit.events.at(-1)).toMatchObject({ detail: expect.stringMatching(/^crl_missing: /) })
  })

  test.each([[''], ['(null)']])('is none when the front end sends %j', async (value) => {
    const { harness } = await start(frontEnd)
    expect(await ask(harness, { ...believed, 'x-ssl-client-cert': value })).toMatchObject({
      status: 401,
      body: { error: 'invalid_client', error_description: 'client authentication failed' },
    })
  })

  test.each([['nonsense!'], ['%zz'], ['-----BEGIN%20CERTIFICATE-----%0'], ['-----BEGIN CERTIFICATE-----']])(
    'is refused when it makes no sense: %j',
    async (value) => {
      const { harness } = await start(frontEnd)
      await ask(harness, { ...believed, 'x-ssl-client-cert': value })
      expect(harness.audit.events.at(-1)?.detail).toMatch(/^front_end_headers: /)
    },
  )
})

describe('what a front end has judged itself', () => {
  test('is a name and groups from gridsite', async () => {
    const { harness } = await start({ secret: SECRET, credentialPrefix: 'grst-cred-auri-' })
    const reply = await ask(harness, {
      ...believed,
      'grst-cred-auri-0': 'dn:%2FDC=org/DC=example/OU=People/CN=Ana',
      'grst-cred-auri-1': 'dn:/DC=org/DC=example/OU=People/CN=Ana/CN=12345',
      'grst-cred-auri-2': 'fqan:/cms/Role=NULL/Capability=NULL',
      'grst-cred-auri-4': 'fqan:/Role=admin',
    })
    expect(reply.body).toMatchObject({ scope: 'read:/store read:/cms' })
  })

  test('is a limited proxy where gridsite’s names say so, and its token starts no jobs', async () => {
    const { harness } = await start({ secret: SECRET, credentialPrefix: 'grst-cred-auri-' })
    const reply = await ask(harness, {
      ...believed,
      'grst-cred-auri-0': `dn:${ANA}`,
      'grst-cred-auri-1': `dn:${ANA}/CN=limited proxy`,
      'grst-cred-auri-2': 'fqan:/jobs',
    })
    expect(reply.body).toMatchObject({ scope: 'read:/store compute.read' })
    expect(harness.audit.events.at(-1)).toMatchObject({ detail: `${ANA} (limited proxy); /jobs` })
  })

  test('ends where the list of headers ends: what the world sent with a number behind it is not reached', async () => {
    const { harness } = await start({ secret: SECRET, credentialPrefix: 'grst-cred-auri-' })
    for (const end of ['(null)', '']) {
      // oxlint-disable-next-line no-await-in-loop -- two
      const reply = await ask(harness, {
        ...believed,
        'grst-cred-auri-0': `dn:${ANA}`,
        'grst-cred-auri-1': end,
        'grst-cred-auri-2': 'fqan:/cms',
      })
      expect(reply.body).toMatchObject({ scope: 'read:/store' })
    }
    const many = Array.from({ length: 40 }, (_, index) => [`grst-cred-auri-${index}`, `dn:${ANA}`])
    expect((await ask(harness, { ...believed, ...Object.fromEntries(many) })).status).toBe(401)
  })

  test('is a name, a user name and groups from a front end such as the one of CMS', async () => {
    const { harness } = await start({
      secret: SECRET,
      dnHeader: 'cms-authn-dn',
      usernameHeader: 'cms-authn-login',
      fqansHeader: 'cms-authz-fqans',
    })
    const reply = await ask(harness, {
      ...believed,
      'cms-authn-dn': ANA,
      'cms-authn-login': 'ana',
      'cms-authz-fqans': '/cms; /Role=admin',
    })
    expect(reply.body).toMatchObject({ scope: 'read:/store read:/cms write:/conf/ana' })
    expect(await harness.claims(reply.body['access_token'] as string)).toMatchObject({ sub: 'ana' })
  })

  test.each([
    [{ 'cms-authn-dn': 'Ana' }],
    [{ 'cms-authn-dn': `${ANA}\u00e9` }],
    [{ 'cms-authn-dn': ANA, 'cms-authz-fqans': 'cms' }],
    [{ 'cms-authn-dn': ANA, 'cms-authz-fqans': '/cms/../atlas' }],
    [{ 'cms-authn-dn': ANA, 'cms-authn-login': 'ana\tx' }],
  ])('is refused when it makes no sense: %j', async (headers) => {
    const { harness } = await start({
      secret: SECRET,
      dnHeader: 'cms-authn-dn',
      usernameHeader: 'cms-authn-login',
      fqansHeader: 'cms-authz-fqans',
    })
    expect((await ask(harness, { ...believed, ...(headers as Record<string, string>) })).status).toBe(401)
    expect(harness.audit.events.at(-1)?.detail).toMatch(/^front_end_headers: /)
  })
})

describe('headers of the front end from anybody else', () => {
  const headers = { 'cms-authn-dn': ANA }

  test.each([
    ['without the secret', {}],
    ['with an empty secret', { 'x-front-end-secret': '' }],
    ['with another secret', { 'x-front-end-secret': `${SECRET.slice(0, -1)}X` }],
    ['with the beginning of the secret', { 'x-front-end-secret': SECRET.slice(0, 32) }],
  ])('are refused and audited: %s', async (_, more) => {
    const { harness } = await start({ secret: SECRET, dnHeader: 'cms-authn-dn' })
    expect(await ask(harness, { ...headers, ...more })).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    })
    expect(harness.audit.events.at(-1)).toMatchObject({
      event: 'token_refused',
      error: 'invalid_client',
      detail: 'front_end_not_believed: the header cms-authn-dn was not sent by the front end',
    })
  })

  test('are refused although only one of several is there', async () => {
    const { harness } = await start({ secret: SECRET, certificateHeader: 'x-cert', chainHeader: 'x-chain' })
    await ask(harness, { 'x-chain-3': 'something' })
    expect(harness.audit.events.at(-1)?.detail).toMatch(/^front_end_not_believed: the header x-chain-3 /)
  })

  test('are refused on a TCP connection where a Unix socket is asked for, secret or not', async () => {
    const { harness } = await start({ unixSocket: true, secret: SECRET, dnHeader: 'cms-authn-dn' })
    await harness.issuer.listen()
    await ask(harness, { ...headers, ...believed })
    expect(harness.audit.events.at(-1)?.detail).toMatch(/^front_end_not_believed: /)
  })

  test('are believed over a Unix socket', async () => {
    const { harness } = await start({ unixSocket: true, dnHeader: 'cms-authn-dn' })
    const path = join(temporaryDirectory(), 'issuer.sock')
    await harness.issuer.buildServer().listen({ path })
    const status = await new Promise((resolve, reject) => {
      const type = 'application/x-www-form-urlencoded'
      request({ socketPath: path, path: '/vo/token', method: 'POST', headers: { ...headers, 'content-type': type } })
        .on('response', (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end('grant_type=client_credentials')
    })
    expect(status).toBe(200)
    expect(harness.audit.events.at(-1)).toMatchObject({ event: 'token_issued', subject: ANA })
  })
})

test('a header that came twice is refused: somebody slipped one in', async () => {
  const { harness } = await start({ secret: SECRET, dnHeader: 'cms-authn-dn' })
  const address = new URL(await harness.issuer.listen())
  const status = await new Promise((resolve, reject) => {
    request({
      host: address.hostname,
      port: address.port,
      path: '/vo/token',
      method: 'POST',
      headers: Object.entries({
        'content-type': 'application/x-www-form-urlencoded',
        host: address.host,
        'x-front-end-secret': SECRET,
        'cms-authn-dn': '/CN=other',
        'CMS-AUTHN-DN': ANA,
      }).flat(),
    })
      .on('response', (response) => resolve(response.resume().statusCode))
      .on('error', reject)
      .end('grant_type=client_credentials')
  })
  expect(status).toBe(401)
  expect(harness.audit.events.at(-1)?.detail).toMatch(/^front_end_headers: .* came twice/)
})

test.each([
  [{ dnHeader: 'x-dn' }, /^frontEnd: a front end is believed over a unixSocket/],
  [{ secret: 'short', dnHeader: 'x-dn' }, /^frontEnd\.secret: /],
  [{ secret: SECRET }, /^frontEnd: name one of/],
  [{ secret: SECRET, dnHeader: 'x-dn', certificateHeader: 'x-cert' }, /^frontEnd: name one of/],
  [{ secret: SECRET, dnHeader: 'X-DN' }, /lower case/],
])('a front end is configured whole: %j', async (frontEnd, message) => {
  await expect(start(frontEnd)).rejects.toMatchObject({ code: 'config_error', message: expect.stringMatching(message) })
})

test.each([[{ dnHeader: 'x-dn' }], [{ credentialPrefix: 'grst-cred-auri-' }]])(
  'limitedProxies: false is no option beside a front end that judges itself, which does not tell them: %j',
  async (how) => {
    await expect(start({ secret: SECRET, ...how }, scenario(), { limitedProxies: false })).rejects.toMatchObject({
      code: 'config_error',
      message: expect.stringMatching(/^limitedProxies: /),
    })
    const { harness } = await start({ secret: SECRET, certificateHeader: 'x-cert' }, scenario(), {
      limitedProxies: false,
    })
    expect(harness.url).toMatch(/^https:/)
  },
)

test.each([['revocation'], ['namespaces'], ['legacyProxies'], ['hosts'], ['vomsDirectory']])(
  'an option that nobody would follow is none: %s where a front end judges and no authorities are named',
  async (option) => {
    const value = {
      revocation: 'require',
      namespaces: 'ignore',
      legacyProxies: true,
      hosts: ['x'],
      vomsDirectory: '/x',
    }
    const frontEnd = { secret: SECRET, dnHeader: 'x-dn' }
    const options = { frontEnd, [option]: value[option as keyof typeof value] }
    await expect(openVerifier(options)).rejects.toMatchObject({
      code: 'config_error',
      message: expect.stringMatching(new RegExp(`^${option}: `)),
    })
  },
)
