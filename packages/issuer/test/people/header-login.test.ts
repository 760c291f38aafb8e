import { networkInterfaces } from 'node:os'
import { describe, expect, test } from 'vitest'
import { HeaderLogin, type HeaderLoginOptions, type LoginRequest, type LoginStep } from '@scitokens/issuer'

const SECRET = 'a-secret-between-front-end-and-issuer'

function step(options: Partial<HeaderLoginOptions>, request: Partial<LoginRequest>): Promise<LoginStep> {
  const login = new HeaderLogin({ subjectHeader: 'x-remote-user', addresses: ['192.0.2.7'], ...options })
  const connection = { remoteAddress: '192.0.2.7', localAddress: '192.0.2.1', overUnixSocket: false }
  return login.step({ headers: {}, ...connection, ...request } as LoginRequest)
}

describe('login by a trusted front end', () => {
  test('takes subject, name and groups from the headers that the operator named', async () => {
    const headers = { 'x-remote-user': 'ana', 'x-name': 'Ana Lyst', 'x-groups': '/vo/a;/vo/b, nonsense' }
    expect(await step({ nameHeader: 'x-name', groupsHeader: 'x-groups' }, { headers })).toEqual({
      person: { subject: 'ana', name: 'Ana Lyst', groups: ['/vo/a', '/vo/b'] },
    })
  })

  test.each([
    ['another address', { remoteAddress: '192.0.2.8' }],
    ['an address of this machine itself', { remoteAddress: '192.0.2.7', localAddress: '192.0.2.7' }],
    ['no address (a socket that is not configured)', { remoteAddress: '' }],
    [
      'a forwarded address that claims to be the front end',
      { remoteAddress: '10.0.0.1', headers: { 'x-remote-user': 'ana', 'x-forwarded-for': '192.0.2.7' } },
    ],
  ])('does not believe %s', async (_, request) => {
    const answer = await step({}, { headers: { 'x-remote-user': 'ana' }, ...request })
    expect(answer).toMatchObject({ status: 403 })
    expect(answer).not.toHaveProperty('person')
  })

  test.each([
    ['no subject', {}],
    ['an empty subject', { 'x-remote-user': ' ' }],
    ['two subjects', { 'x-remote-user': ['ana', 'ben'] }],
    ['the same subject twice', { 'x-remote-user': ['ana', 'ana'] }],
    ['a subject with a control character', { 'x-remote-user': 'ana\u0000' }],
    ['a subject that is too long', { 'x-remote-user': 'x'.repeat(256) }],
  ])('refuses %s', async (_, headers) => {
    expect(await step({}, { headers })).not.toHaveProperty('person')
  })

  test('believes a network, also where the connection shows a mapped IPv6 address', async () => {
    const request = { headers: { 'x-remote-user': 'ana' }, remoteAddress: '::ffff:10.1.2.3' }
    expect(await step({ addresses: ['10.1.0.0/16'] }, request)).toHaveProperty('person')
    expect(await step({ addresses: ['10.2.0.0/16'] }, request)).not.toHaveProperty('person')
  })

  test.each(['x-remote-user', 'x-name', 'x-groups'])('believes nothing where %s came twice', async (twice) => {
    const sent = { 'x-remote-user': 'ana', 'x-name': 'Ana', 'x-groups': '/vo/a' }
    const headers = [...Object.entries(sent), [twice.toUpperCase(), '/vo/admin'] as const]
    const answer = await step({ nameHeader: 'x-name', groupsHeader: 'x-groups' }, { headers })
    expect(answer).toMatchObject({ status: 403 })
    expect(answer).not.toHaveProperty('person')
  })

  test('does not believe users of its own machine, in whatever network of the front end it lies', async () => {
    const own = Object.values(networkInterfaces())
      .flatMap((all) => all ?? [])
      .filter(({ family, internal }) => family === 'IPv4' && !internal)
    const addresses = own.map(({ address }) => address)
    const headers = { 'x-remote-user': 'ana' }
    for (const remoteAddress of addresses) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await step({ addresses }, { headers, remoteAddress })).not.toHaveProperty('person')
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const secret = await step(
        { addresses, secret: SECRET },
        { headers: { ...headers, 'x-front-end-secret': SECRET }, remoteAddress },
      )
      expect(secret).toHaveProperty('person')
    }
    expect(await step({}, { headers, remoteAddress: '192.0.2.7' })).toHaveProperty('person')
  })

  test('believes who comes over a Unix socket where it is told to, and nobody else', async () => {
    const options = { addresses: undefined, unixSocket: true } as unknown as Partial<HeaderLoginOptions>
    const headers = { 'x-remote-user': 'ana' }
    const local = { headers, remoteAddress: '127.0.0.1', localAddress: '127.0.0.1' }
    expect(await step(options, { ...local, overUnixSocket: true })).toHaveProperty('person')
    expect(await step(options, local)).not.toHaveProperty('person')
    expect(await step({ ...options, secret: SECRET }, { ...local, overUnixSocket: true })).not.toHaveProperty('person')
  })

  test('asks for the secret as well where there is one', async () => {
    const headers = { 'x-remote-user': 'ana' }
    expect(await step({ secret: SECRET }, { headers })).not.toHaveProperty('person')
    expect(
      await step({ secret: SECRET }, { headers: { ...headers, 'x-front-end-secret': `${SECRET}x` } }),
    ).not.toHaveProperty('person')
    expect(await step({ secret: SECRET }, { headers: { ...headers, 'x-front-end-secret': SECRET } })).toHaveProperty(
      'person',
    )
  })

  test('takes the secret once', async () => {
    const headers = { 'x-remote-user': 'ana', 'x-front-end-secret': [SECRET, SECRET] }
    expect(await step({ secret: SECRET }, { headers })).not.toHaveProperty('person')
  })

  test.each([
    ['neither addresses nor a secret nor a socket', {}, /by its addresses, a secret or a unixSocket/],
    ['a short secret', { secret: 'short' }, /login\.header\.secret: /],
    ['an address that is none', { addresses: ['front-end'] }, /login\.header\.addresses: "front-end" is neither/],
    ['a network that is none', { addresses: ['10.0.0.0/33'] }, /login\.header\.addresses: .* between 0 and 32/],
    ['a slash without a number, which would be everybody', { addresses: ['192.0.2.7/'] }, /between 0 and 32/],
    ['everybody', { addresses: ['::/0'] }, /"::\/0" is everybody/],
    ['no addresses at all', { addresses: [], secret: SECRET }, /addresses: is empty/],
    ['a loopback address alone', { addresses: ['127.0.0.1'] }, /every user of this machine has a loopback address/],
    ['a loopback address among others', { addresses: ['192.0.2.7', '::1'] }, /could log in as anybody/],
    ['a network with loopback addresses', { addresses: ['126.0.0.0/7'] }, /add a secret, or use unixSocket/],
    ['addresses beside a socket', { addresses: ['192.0.2.7'], unixSocket: true }, /over a unixSocket/],
    ['a header in upper case, which would never be there', { secret: SECRET, nameHeader: 'X-Name' }, /lower case/],
    ['one header for two things', { secret: SECRET, groupsHeader: 'x-remote-user' }, /one thing only/],
    ['the secret as a subject', { secret: SECRET, subjectHeader: 'x-front-end-secret' }, /one thing only/],
  ])('is not configured with %s', (_, options: Partial<HeaderLoginOptions>, message) => {
    expect(() => new HeaderLogin({ subjectHeader: 'x-remote-user', ...options })).toThrow(
      expect.objectContaining({ code: 'config_error', message: expect.stringMatching(message) }),
    )
  })

  test('a loopback address goes with a secret', () => {
    const options = { subjectHeader: 'x-remote-user', addresses: ['127.0.0.1', '::1'], secret: SECRET }
    expect(() => new HeaderLogin(options)).not.toThrow()
  })
})
