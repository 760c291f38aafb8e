import { describe, expect, test } from 'vitest'
import { HeaderLogin, type HeaderLoginOptions, type LoginRequest, type LoginStep } from '@scitokens/issuer'

const SECRET = 'a-secret-between-front-end-and-issuer'

function step(options: Partial<HeaderLoginOptions>, request: Partial<LoginRequest>): Promise<LoginStep> {
  const login = new HeaderLogin({ subjectHeader: 'x-remote-user', addresses: ['127.0.0.1'], ...options })
  return login.step({ headers: {}, remoteAddress: '127.0.0.1', ...request } as LoginRequest)
}

describe('login by a trusted front end', () => {
  test('takes subject, name and groups from the headers that the operator named', async () => {
    const headers = { 'x-remote-user': 'ana', 'x-name': 'Ana Lyst', 'x-groups': '/vo/a;/vo/b, nonsense' }
    expect(await step({ nameHeader: 'x-name', groupsHeader: 'x-groups' }, { headers })).toEqual({
      person: { subject: 'ana', name: 'Ana Lyst', groups: ['/vo/a', '/vo/b'] },
    })
  })

  test.each([
    ['another address', { remoteAddress: '127.0.0.2' }],
    ['no address (a socket that is not configured)', { remoteAddress: '' }],
    [
      'a forwarded address that claims to be the front end',
      { remoteAddress: '10.0.0.1', headers: { 'x-remote-user': 'ana', 'x-forwarded-for': '127.0.0.1' } },
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

  test.each([
    ['neither addresses nor a secret', {}],
    ['a short secret', { secret: 'short' }],
    ['an address that is none', { addresses: ['front-end'] }],
    ['a network that is none', { addresses: ['10.0.0.0/33'] }],
    ['a header in upper case, which would never be there', { addresses: ['127.0.0.1'], nameHeader: 'X-Name' }],
  ])('is not configured with %s', (_, options) => {
    expect(() => new HeaderLogin({ subjectHeader: 'x-remote-user', ...options })).toThrow(
      expect.objectContaining({ code: 'config_error' }),
    )
  })
})
