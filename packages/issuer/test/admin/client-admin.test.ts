import { InvalidRequestError } from '@scitokens/core'
import { describe, expect, test } from 'vitest'
import { ClientAdmin } from '../../src/admin/client-admin.ts'
import { APP, basic, type Harness, ROBOT, SECRET, startIssuer, startIssuerForPeople } from '../support/harness.ts'

const PROPERTIES = { scopes: ['read:/store'], audiences: ['https://se.example.org'] }

async function start(more: object = {}): Promise<{ harness: Harness; admin: ClientAdmin }> {
  const harness = await startIssuer(more)
  return { harness, admin: new ClientAdmin(harness.issuer.realms[0]!) }
}

const ask = ({ token }: Harness, id: string, secret: string) =>
  token({ grant_type: 'client_credentials' }, basic(id, secret))

describe('a client that an operator adds', () => {
  test('gets tokens at once, by a secret that is told once and stored as a keyed hash', async () => {
    const { harness, admin } = await start()
    const { client, secret } = await admin.add('portal', PROPERTIES)
    expect(client).toMatchObject({
      clientId: 'portal',
      origin: 'store',
      authMethods: ['secret'],
      scopes: ['read:/store'],
    })
    expect((await ask(harness, 'portal', secret!)).body).toMatchObject({ scope: 'read:/store' })
    expect((await ask(harness, 'portal', 'a-guess-of-enough-length')).status).toBe(401)
    const shown = JSON.stringify([await admin.show('portal'), await admin.list()])
    expect(shown).not.toContain(secret)
    expect(shown).not.toContain('hash')
    const stored = await harness.issuer.realms[0]!.store.list(harness.url, 'client')
    expect(JSON.stringify(stored)).not.toContain(secret)
  })

  test('is seen by the next request after each change, and by none after it was removed', async () => {
    const { harness, admin } = await start()
    const { secret } = await admin.add('portal', PROPERTIES)
    expect((await ask(harness, 'portal', secret!)).body['scope']).toBe('read:/store')
    await admin.update('portal', { scopes: ['read:/other'], lifetime: 120 })
    expect((await ask(harness, 'portal', secret!)).body).toMatchObject({ scope: 'read:/other', expires_in: 120 })
    await admin.update('portal', {}, ['lifetime'])
    expect((await ask(harness, 'portal', secret!)).body).toMatchObject({ scope: 'read:/other', expires_in: 3600 })
    await admin.remove('portal')
    expect((await ask(harness, 'portal', secret!)).status).toBe(401)
    // One of the same name is another client.
    await admin.add('portal', PROPERTIES)
    expect((await ask(harness, 'portal', secret!)).status).toBe(401)
  })

  test('changes its secret without a gap: the old one works for as long as it is kept', async () => {
    const { harness, admin } = await start()
    const first = (await admin.add('portal', PROPERTIES)).secret!
    const second = (await admin.renewSecret('portal', { keepOldSeconds: 60 })).secret!
    expect([(await ask(harness, 'portal', first)).status, (await ask(harness, 'portal', second)).status]).toEqual([
      200, 200,
    ])
    harness.clock.advance(60)
    expect([(await ask(harness, 'portal', first)).status, (await ask(harness, 'portal', second)).status]).toEqual([
      401, 200,
    ])
    const third = (await admin.renewSecret('portal')).secret!
    expect([(await ask(harness, 'portal', second)).status, (await ask(harness, 'portal', third)).status]).toEqual([
      401, 200,
    ])
    expect((await admin.show('portal')).secrets).toHaveLength(1)
  })

  test('follows changed defaults of the configuration', async () => {
    const { harness, admin } = await start()
    const { secret } = await admin.add('portal', PROPERTIES)
    expect((await ask(harness, 'portal', secret!)).body['expires_in']).toBe(3600)
    await harness.issuer.reconfigure({
      issuer: harness.url,
      clients: [ROBOT],
      lifetime: 600,
      storage: { memory: true },
    })
    expect((await ask(harness, 'portal', secret!)).body['expires_in']).toBe(600)
  })

  test('has no secret where it shows who it is otherwise, or cannot keep one', async () => {
    const { admin } = await start()
    await expect(admin.add('host', { ...PROPERTIES, certificates: [{ subject: 'CN=host' }] })).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringMatching(/^certificates\[0\]: TLS asks for no certificates here/),
    })
    const tls = await (await start({ clientCertificates: 'verified' })).admin.add('host', {
      ...PROPERTIES,
      certificates: [{ subject: 'CN=host' }],
    })
    expect(tls.secret).toBeUndefined()
    expect(tls.client.authMethods).toEqual(['tls'])
    const app = await admin.add('app', { ...PROPERTIES, redirectUris: ['http://127.0.0.1/cb'] }, { public: true })
    expect(app.secret).toBeUndefined()
    expect(app.client.authMethods).toEqual(['none'])
  })

  test('leaves an audit line for each change, without its secret', async () => {
    const { harness, admin } = await start()
    const { secret } = await admin.add('portal', PROPERTIES)
    await admin.update('portal', { lifetime: 60 }, ['scopes'])
    const renewed = await admin.renewSecret('portal', { keepOldSeconds: 5 })
    await admin.remove('portal')
    expect(harness.audit.events.map(({ event, client, detail }) => [event, client, detail])).toEqual([
      ['client_registered', 'portal', 'scopes audiences'],
      ['client_changed', 'portal', 'lifetime -scopes'],
      ['client_changed', 'portal', 'a new secret, 1 old kept for 5 s'],
      ['client_removed', 'portal', 'by an operator'],
    ])
    expect(JSON.stringify(harness.audit.events)).not.toContain(secret)
    expect(JSON.stringify(harness.audit.events)).not.toContain(renewed.secret)
  })

  test.each([
    ['an unknown property', { scope: ['read:/'] }, 'there is no property "scope": did you mean scopes?'],
    [
      'a property of the wrong type',
      { lifetime: 'long' },
      'the property lifetime must be a number of seconds, at least 1, not text',
    ],
    [
      'a property deep inside',
      { certificates: [{ sha265: 'x' }] },
      'no property "sha265" in certificates[0]: did you mean sha256?',
    ],
    ['a scope that cannot be', { scopes: ['read:/..'] }, /^scopes: /],
    ['a lifetime over the limit', { lifetime: 999_999 }, /^lifetime: .*over the issuer's limit/],
    ['a secret, which it gets', { clientSecret: SECRET }, 'there is no property "clientSecret"'],
  ])('is refused with %s, named', async (_, wrong, message) => {
    const { admin } = await start()
    await expect(admin.add('portal', wrong as object)).rejects.toThrow(message)
    await expect(admin.add('portal', wrong as object)).rejects.toBeInstanceOf(InvalidRequestError)
    await expect(admin.show('portal')).rejects.toThrow('there is no client "portal"')
  })

  test('cannot have the name of another, and those of the configuration are changed there', async () => {
    const { admin } = await start()
    await admin.add('portal', PROPERTIES)
    await expect(admin.add('portal', PROPERTIES)).rejects.toThrow('there is a client "portal" already')
    await expect(admin.add('dyn-x', PROPERTIES)).rejects.toThrow('register themselves')
    for (const refused of [
      admin.add('robot', PROPERTIES),
      admin.update('robot', {}),
      admin.remove('robot'),
      admin.renewSecret('robot'),
    ]) {
      await expect(refused).rejects.toThrow('robot stands in the configuration file: change it there')
    }
    expect((await admin.list()).map(({ clientId, origin }) => [clientId, origin])).toEqual([
      ['robot', 'configuration'],
      ['portal', 'store'],
    ])
  })

  test('is listed with what is wrong after the configuration no longer allows it, and can be mended', async () => {
    const masterKey = { value: new Uint8Array(32).fill(7) }
    const harness = await startIssuer({ maxLifetime: 7200 }, { masterKey })
    const admin = new ClientAdmin(harness.issuer.realms[0]!)
    const { secret } = await admin.add('portal', { ...PROPERTIES, algorithm: 'ES256', lifetime: 7000 })
    const later = await startIssuer(
      { maxLifetime: 3600 },
      { storage: { store: harness.issuer.realms[0]!.store }, masterKey },
    )
    const again = new ClientAdmin(later.issuer.realms[0]!)
    expect((await again.list()).find(({ clientId }) => clientId === 'portal')!.problem).toMatch(
      /^lifetime: 7000 s is over/,
    )
    expect((await ask(later, 'portal', secret!)).status).toBe(500)
    expect((await again.update('portal', {}, ['lifetime'])).problem).toBeUndefined()
  })
})

test('more than a page of clients is listed whole', async () => {
  const { admin, harness } = await start()
  const { store, issuer: realm } = harness.issuer.realms[0]!
  const value = { managed: true, options: { clientId: 'x' }, secrets: [], createdAt: 1 }
  const changes = Array.from({ length: 1003 }, (_, index) => ({
    insert: { realm, kind: 'client' as const, id: `c${index}`, value },
  }))
  await store.commit(changes)
  expect(await admin.list()).toHaveLength(1004)
})

describe('a client that registered itself', () => {
  const register = async (harness: Harness): Promise<Record<string, unknown>> => {
    const reply = await harness.issuer.buildServer().inject({
      method: 'POST',
      url: '/vo/register',
      payload: { redirect_uris: ['https://app.example/cb'], grant_types: ['authorization_code', 'client_credentials'] },
    })
    return reply.json()
  }

  test('is approved by an operator for more than it may register, and stays so while it changes nothing that was looked at', async () => {
    const harness = await startIssuerForPeople({ clients: [APP], registration: PROPERTIES })
    const admin = new ClientAdmin(harness.issuer.realms[0]!)
    const made = await register(harness)
    const id = made['client_id'] as string
    const secret = made['client_secret'] as string
    expect((await ask(harness, id, secret)).body['error']).toBe('unauthorized_client')
    expect(await admin.update(id, { grants: ['client_credentials'], scopes: ['read:/store/app'] })).toMatchObject({
      origin: 'registration',
      active: true,
      grants: ['client_credentials'],
    })
    expect((await ask(harness, id, secret)).body['scope']).toBe('read:/store/app')
    expect((await admin.show(id)).approved).toBe(true)
    const put = (payload: object) =>
      harness.issuer.buildServer().inject({
        method: 'PUT',
        url: `/vo/register/${id}`,
        headers: { authorization: `Bearer ${made['registration_access_token'] as string}` },
        payload,
      })
    // The same as before, in another order and with what nobody keeps.
    const same = { grant_types: ['authorization_code'], redirect_uris: ['https://app.example/cb'], client_id: id, x: 1 }
    expect((await put(same)).statusCode).toBe(200)
    expect((await ask(harness, id, secret)).body['scope']).toBe('read:/store/app')
    expect((await put({ redirect_uris: ['https://app.example/other'], client_name: 'New name' })).statusCode).toBe(200)
    expect((await ask(harness, id, secret)).body['error']).toBe('unauthorized_client')
    expect(await admin.show(id)).toMatchObject({
      name: 'New name',
      approved: false,
      grants: ['authorization_code', 'refresh_token'],
    })
    await expect(admin.renewSecret(id)).rejects.toThrow('registers anew')
    await admin.remove(id)
    expect((await ask(harness, id, secret)).status).toBe(401)
  })
})

test('the management endpoint of registration does not serve clients that an operator keeps', async () => {
  const harness = await startIssuerForPeople({ clients: [APP], registration: PROPERTIES })
  await new ClientAdmin(harness.issuer.realms[0]!).add('portal', PROPERTIES)
  for (const bearer of ['', 'undefined', 'x']) {
    const reply = await harness.issuer.buildServer().inject({
      method: 'GET',
      url: '/vo/register/portal',
      headers: { authorization: `Bearer ${bearer}` },
    })
    expect(reply.statusCode).toBe(401)
  }
})
