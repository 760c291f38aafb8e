import { once } from 'node:events'
import { createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type FrontEndOptions, openVerifier, type VerifierOptions } from '@scitokens/x509'
import { describe, expect, onTestFinished, test } from 'vitest'
import { newKeys, NOW, pem } from '../../src/testing/pki.ts'
import { type Answer, answering } from '../answering.ts'
import { build, lay, type Scenario, scenario, temporaryDirectory } from '../scenario.ts'

const SECRET = 'a-secret-that-the-front-end-shares-with-us'
const ANA = '/DC=org/DC=example/OU=People/CN=Ana'
/** A server behind such a front end, on a port of its own or on a socket. */
async function start(
  frontEnd: FrontEndOptions,
  { made = scenario(), more = {}, socket }: { made?: Scenario; more?: VerifierOptions; socket?: string } = {},
): Promise<{ ask: (headers: Record<string, string> | string[]) => Promise<Answer>; chain: Buffer[] }> {
  const { authorities, chain } = build(made)
  const { certificates, vomsdir } = lay(made, authorities, temporaryDirectory())
  const judging = { authorities: certificates, vomsDirectory: vomsdir, hosts: ['issuer.example.org'] }
  const verifier = await openVerifier({ ...judging, frontEnd, ...more })
  const server = createServer(answering(verifier, NOW, socket !== undefined))
  onTestFinished(() => server.close().closeAllConnections())
  await new Promise<void>((resolve) =>
    socket === undefined ? server.listen(0, '127.0.0.1', resolve) : server.listen(socket, resolve),
  )
  const where = socket === undefined ? { port: (server.address() as AddressInfo).port } : { socketPath: socket }
  const ask = async (headers: Record<string, string> | string[]): Promise<Answer> => {
    const sent = request({ host: '127.0.0.1', ...where, headers }).end()
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    const text = Buffer.concat(await response.toArray()).toString()
    return { status: response.statusCode!, body: text === '' ? {} : (JSON.parse(text) as Answer['body']) }
  }
  return { ask, chain: made.present(chain).map(({ der }) => der) }
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
    const { ask, chain } = await start(frontEnd)
    const [leaf, rest] = write(chain) as [string, string[]]
    const numbered = Object.fromEntries(rest.map((text, index) => [`x-ssl-client-chain-${index}`, text]))
    const reply = await ask({ ...believed, 'x-ssl-client-cert': leaf, ...numbered })
    expect(reply.body).toMatchObject({ dn: ANA, fqans: ['/cms', '/cms/uscms/Role=production'] })
  })

  test('is judged here with its chain: by RFC 9440', async () => {
    const { ask, chain } = await start(frontEnd)
    const [leaf, ...rest] = chain.map((der) => `:${der.toString('base64')}:`)
    const reply = await ask({
      ...believed,
      'x-ssl-client-cert': leaf!,
      'x-ssl-client-chain': rest.join(', '),
    })
    expect(reply.status).toBe(200)
  })

  test('is refused for what it is, although the front end is believed', async () => {
    const made = scenario({ intermediates: 0, proxies: 0, attributes: false })
    made.person.signWith = newKeys().privateKey
    const { ask, chain } = await start(frontEnd, { made })
    const reply = await ask({ ...believed, 'x-ssl-client-cert': escaped(chain[0]!) })
    expect(reply).toMatchObject({ status: 401, body: { defect: 'bad_signature' } })
  })

  test('that cannot be judged is nobody’s fault who asks', async () => {
    const made = scenario({ intermediates: 0, proxies: 0, attributes: false })
    made.crls = []
    const { ask, chain } = await start(frontEnd, { made })
    const reply = await ask({ ...believed, 'x-ssl-client-cert': escaped(chain[0]!) })
    expect(reply).toMatchObject({ status: 503, body: { doubt: 'crl_missing' } })
  })

  test.each([[''], ['(null)']])('is none when the front end sends %j', async (value) => {
    const { ask } = await start(frontEnd)
    expect((await ask({ ...believed, 'x-ssl-client-cert': value })).status).toBe(204)
  })

  test.each([['nonsense!'], ['%zz'], ['-----BEGIN%20CERTIFICATE-----%0'], ['-----BEGIN CERTIFICATE-----']])(
    'is refused when it makes no sense: %j',
    async (value) => {
      const { ask } = await start(frontEnd)
      const reply = await ask({ ...believed, 'x-ssl-client-cert': value })
      expect(reply).toMatchObject({ status: 401, body: { defect: 'front_end_headers' } })
    },
  )
})

describe('what a front end has judged itself', () => {
  test('is a name and groups from gridsite', async () => {
    const { ask } = await start({ secret: SECRET, credentialPrefix: 'grst-cred-auri-' })
    const reply = await ask({
      ...believed,
      'grst-cred-auri-0': 'dn:%2FDC=org/DC=example/OU=People/CN=Ana',
      'grst-cred-auri-1': 'dn:/DC=org/DC=example/OU=People/CN=Ana/CN=12345',
      'grst-cred-auri-2': 'fqan:/cms/Role=NULL/Capability=NULL',
      'grst-cred-auri-4': 'fqan:/Role=admin',
    })
    expect(reply.body).toEqual({ dn: ANA, fqans: ['/cms'], limited: false })
  })

  test('is a limited proxy where gridsite’s names say so', async () => {
    const { ask } = await start({ secret: SECRET, credentialPrefix: 'grst-cred-auri-' })
    const reply = await ask({
      ...believed,
      'grst-cred-auri-0': `dn:${ANA}`,
      'grst-cred-auri-1': `dn:${ANA}/CN=limited proxy`,
      'grst-cred-auri-2': 'fqan:/jobs',
    })
    expect(reply.body).toEqual({ dn: ANA, fqans: ['/jobs'], limited: true })
  })

  test('ends where the list of headers ends: what the world sent with a number behind it is not reached', async () => {
    const { ask } = await start({ secret: SECRET, credentialPrefix: 'grst-cred-auri-' })
    for (const end of ['(null)', '']) {
      // oxlint-disable-next-line no-await-in-loop -- two
      const reply = await ask({
        ...believed,
        'grst-cred-auri-0': `dn:${ANA}`,
        'grst-cred-auri-1': end,
        'grst-cred-auri-2': 'fqan:/cms',
      })
      expect(reply.body).toEqual({ dn: ANA, fqans: [], limited: false })
    }
    const many = Array.from({ length: 40 }, (_, index) => [`grst-cred-auri-${index}`, `dn:${ANA}`])
    expect((await ask({ ...believed, ...Object.fromEntries(many) })).status).toBe(401)
  })

  test('is a name, a user name and groups from a front end such as the one of CMS', async () => {
    const { ask } = await start({
      secret: SECRET,
      dnHeader: 'cms-authn-dn',
      usernameHeader: 'cms-authn-login',
      fqansHeader: 'cms-authz-fqans',
    })
    const reply = await ask({
      ...believed,
      'cms-authn-dn': ANA,
      'cms-authn-login': 'ana',
      'cms-authz-fqans': '/cms; /Role=admin',
    })
    expect(reply.body).toEqual({ dn: ANA, username: 'ana', fqans: ['/cms', '/Role=admin'], limited: false })
  })

  test.each([
    [{ 'cms-authn-dn': 'Ana' }],
    [{ 'cms-authn-dn': `${ANA}\u00e9` }],
    [{ 'cms-authn-dn': ANA, 'cms-authz-fqans': 'cms' }],
    [{ 'cms-authn-dn': ANA, 'cms-authz-fqans': '/cms/../atlas' }],
    [{ 'cms-authn-dn': ANA, 'cms-authn-login': 'ana\tx' }],
  ])('is refused when it makes no sense: %j', async (headers) => {
    const { ask } = await start({
      secret: SECRET,
      dnHeader: 'cms-authn-dn',
      usernameHeader: 'cms-authn-login',
      fqansHeader: 'cms-authz-fqans',
    })
    const reply = await ask({ ...believed, ...(headers as Record<string, string>) })
    expect(reply).toMatchObject({ status: 401, body: { defect: 'front_end_headers' } })
  })
})

describe('headers of the front end from anybody else', () => {
  const headers = { 'cms-authn-dn': ANA }

  test.each([
    ['without the secret', {}],
    ['with an empty secret', { 'x-front-end-secret': '' }],
    ['with another secret', { 'x-front-end-secret': `${SECRET.slice(0, -1)}X` }],
    ['with the beginning of the secret', { 'x-front-end-secret': SECRET.slice(0, 32) }],
  ])('are refused: %s', async (_, more) => {
    const { ask } = await start({ secret: SECRET, dnHeader: 'cms-authn-dn' })
    expect(await ask({ ...headers, ...more })).toEqual({
      status: 401,
      body: {
        defect: 'front_end_not_believed',
        message: 'the header cms-authn-dn was not sent by the front end',
      },
    })
  })

  test('are refused although only one of several is there', async () => {
    const { ask } = await start({ secret: SECRET, certificateHeader: 'x-cert', chainHeader: 'x-chain' })
    const reply = await ask({ 'x-chain-3': 'something' })
    expect(reply.body).toMatchObject({
      defect: 'front_end_not_believed',
      message: expect.stringMatching(/^the header x-chain-3 /),
    })
  })

  test('are refused on a TCP connection where a Unix socket is asked for, secret or not', async () => {
    const { ask } = await start({ unixSocket: true, secret: SECRET, dnHeader: 'cms-authn-dn' })
    expect((await ask({ ...headers, ...believed })).body).toMatchObject({ defect: 'front_end_not_believed' })
  })

  test('are believed over a Unix socket', async () => {
    const socket = join(temporaryDirectory(), 'server.sock')
    const { ask } = await start({ unixSocket: true, dnHeader: 'cms-authn-dn' }, { socket })
    expect(await ask(headers)).toMatchObject({ status: 200, body: { dn: ANA } })
  })
})

test('a header that came twice is refused: somebody slipped one in', async () => {
  const { ask } = await start({ secret: SECRET, dnHeader: 'cms-authn-dn' })
  const names = ['cms-authn-dn', '/CN=other', 'CMS-AUTHN-DN', ANA]
  const reply = await ask(['host', 'localhost', 'x-front-end-secret', SECRET, ...names])
  expect(reply).toMatchObject({
    status: 401,
    body: { defect: 'front_end_headers', message: expect.stringMatching(/ came twice/) },
  })
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
    await expect(start({ secret: SECRET, ...how }, { more: { limitedProxies: false } })).rejects.toMatchObject({
      code: 'config_error',
      message: expect.stringMatching(/^limitedProxies: /),
    })
    const judged = await start({ secret: SECRET, certificateHeader: 'x-cert' }, { more: { limitedProxies: false } })
    expect(judged.chain).toHaveLength(4)
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
