import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SigningKey } from '@scitokens/core'
import { DevelopmentLogin, HeaderLogin, PersonAdmin, type RealmOptions, type Upstream } from '@scitokens/issuer'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ClientAdmin } from '../../src/admin/client-admin.ts'
import { headersOf, toldByHeaders } from '../certificates/told-by-headers.ts'
import { Browser } from '../support/browser.ts'
import { APP, basic, type Harness, loginByCode, ROBOT, SECRET, startIssuerForPeople } from '../support/harness.ts'

const FRONT_END_SECRET = 'a-secret-that-the-front-end-shares-with-us'
const MASTER_KEY = { value: new Uint8Array(32).fill(4) }
const PROPERTIES = { scopes: ['read:/store', 'write:/store/user/{sub}'], audiences: ['https://se.example.org'] }
/** Its folder is another one than its id says. */
const STAGER = { ...ROBOT, clientId: 'stager', subject: 'stage' }

/** Logs in as whoever it is told. */
const saying = (subject: string): Upstream => ({ name: 'test', step: async () => ({ person: { subject } }) })

async function start(realm: Partial<RealmOptions> = {}): Promise<{ harness: Harness; admin: ClientAdmin }> {
  const harness = await startIssuerForPeople({ clients: [ROBOT, STAGER, APP], ...realm }, { masterKey: MASTER_KEY })
  return { harness, admin: new ClientAdmin(harness.issuer.realms[0]!) }
}

/** An assertion of another issuer about somebody. */
async function assertionOf(key: SigningKey, claims: object, now: number): Promise<string> {
  const all = { iss: 'https://lab.example', exp: now + 60, jti: randomUUID(), ...claims }
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${encode({ alg: key.alg, kid: key.kid, typ: 'JWT' })}.${encode(all)}`
  return `${text}.${Buffer.from(await key.sign(new TextEncoder().encode(text))).toString('base64url')}`
}

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'scitokens-subjects-'))
  onTestFinished(() => rm(made, { recursive: true, force: true }))
  return made
}

describe('a person whom the upstream names like a client', () => {
  /** Names that clients of an issuer have: by id and by subject, of the file and of the database, and of any that registers itself. */
  const TAKEN = ['robot', 'stager', 'stage', 'app', 'portal', 'harvest', 'dyn-anything']

  test.each(TAKEN)('is not logged in as %s, and the audit says why', async (subject) => {
    const { harness, admin } = await start({ login: saying(subject) })
    await admin.add('portal', { ...PROPERTIES, subject: 'harvest' })
    const browser = new Browser(harness.issuer)
    const page = await browser.open(`${harness.url}/applications`)
    expect([page.status, page.text.includes('one that an application has here')]).toEqual([403, true])
    expect([...browser.cookies.keys()]).toEqual([])
    expect(harness.audit.events.at(-1)).toMatchObject({
      event: 'login_refused',
      subject,
      error: 'access_denied',
      detail: 'test: the subject belongs to a client of this issuer',
    })
    expect(harness.audit.events.filter(({ event }) => event === 'login')).toEqual([])
  })

  test('is not logged in by the development login either', async () => {
    const { harness } = await start({ login: new DevelopmentLogin() })
    await expect(loginByCode(harness, {}, { subject: 'robot' })).rejects.toThrow('one that an application has here')
    await expect(loginByCode(harness, {}, { subject: 'ana' })).resolves.toMatchObject({ status: 200 })
  })

  test('is not logged in by a front end either', async () => {
    const { harness } = await start({
      login: new HeaderLogin({ subjectHeader: 'x-remote-user', secret: FRONT_END_SECRET }),
    })
    const { pathname } = new URL(harness.url)
    const enter = (user: string) =>
      harness.issuer.buildServer().inject({
        url: `${pathname}/login?continue=${encodeURIComponent(`${harness.url}/applications`)}`,
        headers: { 'x-remote-user': user, 'x-front-end-secret': FRONT_END_SECRET },
      })
    expect((await enter('robot')).statusCode).toBe(403)
    expect((await enter('ana')).statusCode).toBe(303)
  })

  test('gets no token by certificate, nor does a person who is suspended', async () => {
    const directory = await folder()
    const dn = (name: string): string => `/DC=org/CN=${name}`
    const names = { [dn('Ana')]: 'ana', [dn('Rob')]: 'robot', [dn('Xen')]: 'x509' }
    const rules = Object.keys(names).map((one) => ({
      match: `dn:${encodeURIComponent(one)}`,
      scopes: ['write:/store/user/{username}'],
    }))
    await writeFile(join(directory, 'rules.json'), JSON.stringify({ rules }))
    await writeFile(join(directory, 'mapping.json'), JSON.stringify(names))
    const { harness, admin } = await start({
      x509: {
        rules: join(directory, 'rules.json'),
        dnMapping: join(directory, 'mapping.json'),
        audiences: ['https://se.example.org'],
        verifier: toldByHeaders,
      },
    })
    const ask = (name: string) => harness.token({ grant_type: 'client_credentials' }, headersOf({ dn: dn(name) }))
    expect((await ask('Ana')).body['scope']).toBe('write:/store/user/ana')
    for (const name of ['Rob', 'Xen']) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect((await ask(name)).body['error'], name).toBe('unauthorized_client')
    }
    expect(harness.audit.events.at(-1)).toMatchObject({
      event: 'token_refused',
      detail: expect.stringContaining('x509'),
    })
    // Who has a certificate was seen, too.
    await expect(admin.add('ana', PROPERTIES)).rejects.toThrow('is the subject of a person')
    await new PersonAdmin(harness.issuer.realms[0]!).suspend('ana')
    expect((await ask('Ana')).body).toMatchObject({
      error: 'unauthorized_client',
      error_description: expect.stringContaining('suspended'),
    })
  })

  test('is not vouched for by another issuer, nor is a person who is suspended', async () => {
    const key = await SigningKey.generate()
    const vouch = {
      ...APP,
      clientId: 'vouch',
      grants: ['urn:ietf:params:oauth:grant-type:jwt-bearer'] as const,
      assertions: [{ issuer: 'https://lab.example', jwks: { keys: [key.publicJwk] } }],
    }
    const { harness } = await start({ clients: [ROBOT, APP, vouch] })
    const ask = async (sub: string) =>
      harness.token(
        {
          grant_type: vouch.grants[0],
          assertion: await assertionOf(key, { sub, aud: harness.url }, harness.clock.now),
        },
        basic('vouch', SECRET),
      )
    expect((await ask('ana')).status).toBe(200)
    expect((await ask('robot')).body).toMatchObject({
      error: 'invalid_grant',
      error_description: 'the subject belongs to a client of this issuer',
    })
    await new PersonAdmin(harness.issuer.realms[0]!).suspend('ana')
    expect((await ask('ana')).body).toMatchObject({
      error: 'invalid_grant',
      error_description: expect.stringContaining('suspended'),
    })
  })
})

describe('a client whose id or subject a person has', () => {
  test.each([
    ['id', 'ana', {}],
    ['subject', 'portal', { subject: 'ana' }],
  ])('is not added to the database: by its %s', async (_, id, more) => {
    const { harness, admin } = await start()
    await loginByCode(harness, {}, { subject: 'ana' })
    await expect(admin.add(id, { ...PROPERTIES, ...more })).rejects.toThrow(
      '"ana" is the subject of a person who logged in here',
    )
    await expect(admin.show(id)).rejects.toThrow('there is no client')
    expect(harness.audit.events.filter(({ event }) => event === 'client_registered')).toEqual([])
  })

  test('is not added where the person only has a session, or a login from before people were noted', async () => {
    const { harness, admin } = await start()
    const { store } = harness.issuer.realms[0]!
    const browser = new Browser(harness.issuer)
    await browser.submit(await browser.open(`${harness.url}/applications`), { subject: 'ben' })
    await expect(admin.add('ben', PROPERTIES)).rejects.toThrow('is the subject of a person')
    await loginByCode(harness, {}, { subject: 'ana' })
    await store.consume({ realm: harness.url, kind: 'subject', id: 'ana' })
    await expect(admin.add('ana', PROPERTIES)).rejects.toThrow('is the subject of a person')
  })

  test('does not come to it by a change, nor does one that registered itself by its approval', async () => {
    const { harness, admin } = await start({ registration: PROPERTIES })
    await loginByCode(harness, {}, { subject: 'ana' })
    await admin.add('portal', PROPERTIES)
    await expect(admin.update('portal', { subject: 'ana' })).rejects.toThrow('is the subject of a person')
    const made = await harness.issuer.buildServer().inject({
      method: 'POST',
      url: '/vo/register',
      payload: { redirect_uris: ['https://app.example/cb'] },
    })
    const id = made.json<{ client_id: string }>().client_id
    await expect(admin.update(id, { subject: 'ana' })).rejects.toThrow('is the subject of a person')
    await admin.update(id, { subject: 'tool' })
    await expect(loginByCode(harness, {}, { subject: 'tool' })).rejects.toThrow('one that an application has here')
  })

  test('gives its subject free when it is removed or has another one; of several clients the last', async () => {
    const { harness, admin } = await start()
    await admin.add('one', { ...PROPERTIES, subject: 'shared' })
    await admin.add('two', { ...PROPERTIES, subject: 'shared' })
    await admin.remove('one')
    await expect(loginByCode(harness, {}, { subject: 'shared' })).rejects.toThrow('one that an application has here')
    await admin.update('two', {}, ['subject'])
    expect((await loginByCode(harness, {}, { subject: 'shared' })).status).toBe(200)
    expect((await loginByCode(harness, {}, { subject: 'one' })).status).toBe(200)
    await expect(admin.add('one', PROPERTIES)).rejects.toThrow('is the subject of a person')
  })

  test('of two who come at the same moment one gets the subject: never both', async () => {
    const { harness, admin } = await start()
    for (let round = 0; round < 8; round++) {
      const subject = `either-${round}`
      // oxlint-disable-next-line no-await-in-loop -- a race each
      const [client, person] = await Promise.allSettled([
        admin.add(subject, PROPERTIES),
        loginByCode(harness, {}, { subject }),
      ])
      expect(
        [client.status, person.status].filter((status) => status === 'fulfilled'),
        subject,
      ).toHaveLength(1)
    }
  })

  test('is not taken from the configuration: neither at a reload nor at a start', async () => {
    const { harness } = await start()
    await loginByCode(harness, {}, { subject: 'ana' })
    const [realm] = harness.issuer.realms
    const taken = { ...ROBOT, clientId: 'copy', subject: 'ana' }
    const options = { issuer: harness.url, clients: [ROBOT, STAGER, APP, taken], storage: { memory: true } as const }
    await expect(harness.issuer.reconfigure(options)).rejects.toMatchObject({
      code: 'config_error',
      message: 'clients: "copy" cannot have the subject "ana": a person who logged in here has it',
    })
    expect(realm!.clients.isConfigured('copy')).toBe(false)
    const again = await startIssuerForPeople(
      { clients: options.clients },
      { storage: { store: realm!.store }, masterKey: MASTER_KEY },
    )
    await expect(again.issuer.listen()).rejects.toMatchObject({ code: 'config_error' })
  })
})

test('where an earlier program let both have it, the issuer starts, says so, and the person gets nothing more', async () => {
  const { harness } = await start({ clients: [APP] })
  const login = await loginByCode(harness, {}, { subject: 'ana' })
  const { store } = harness.issuer.realms[0]!
  // As that program left it: nobody counted.
  const kinds = ['subject', 'client_state', 'upgrade'] as const
  for (const kind of kinds) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    for (const entry of await store.list(harness.url, kind)) await store.consume(entry)
  }
  const value = { managed: true, options: { clientId: 'old', subject: 'ben' }, secrets: [], createdAt: 1 }
  await store.insertIfAbsent({ realm: harness.url, kind: 'client', id: 'old', value })
  const errors: string[] = []
  const note = (_: object, message: string): void => void errors.push(message)
  const later = await startIssuerForPeople(
    { clients: [APP, { ...ROBOT, clientId: 'ana' }] },
    { storage: { store }, masterKey: MASTER_KEY, logger: { info: () => {}, warn: () => {}, error: note } },
  )
  expect((await later.post('/introspect', { token: 'x' }, basic('app', SECRET))).status).toBe(200)
  expect(errors).toEqual([expect.stringContaining('"ana" cannot have the subject "ana"')])
  const form = { grant_type: 'refresh_token', refresh_token: login.body['refresh_token'] as string }
  expect((await later.token(form, basic('app', SECRET))).status).toBe(400)
  // Clients of the database, and what they are called, are kept from people from then on.
  for (const subject of ['ben', 'old']) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await expect(loginByCode(later, {}, { subject })).rejects.toThrow('one that an application has here')
  }
})
