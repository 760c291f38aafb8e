import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MIGRATIONS } from '../../src/store/migrations.ts'
import { Browser } from '../support/browser.ts'
import { APP, basic, type Harness, loginByCode, SECRET, startIssuerForPeople } from '../support/harness.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { checkRestore } from '../store/restore.ts'

let postgres: TestPostgres
beforeAll(async () => {
  postgres = await startPostgres()
}, 120_000)
afterAll(() => postgres?.stop(), 60_000)

/** Two instances of one issuer, as behind a balancer. */
async function two(): Promise<[Harness, Harness]> {
  const more = { storage: { postgres: await postgres.newDatabase() }, masterKey: { value: new Uint8Array(32).fill(3) } }
  return Promise.all([startIssuerForPeople({ clients: [APP] }, more), startIssuerForPeople({ clients: [APP] }, more)])
}

const refresh = (harness: Harness, token: unknown) =>
  harness.token({ grant_type: 'refresh_token', refresh_token: token as string }, basic('app', SECRET))

describe('two instances on one PostgreSQL', () => {
  test('know the same keys, logins and refresh tokens', async () => {
    const [one, other] = await two()
    const login = await loginByCode(one, { scope: 'read:/store' })
    expect(await other.claims(login.body['access_token'] as string)).toMatchObject({ sub: 'ana' })
    const next = await refresh(other, login.body['refresh_token'])
    expect(next.status).toBe(200)
    expect((await refresh(one, next.body['refresh_token'])).status).toBe(200)
    expect(
      (await one.post('/revoke', { token: next.body['access_token'] as string }, basic('app', SECRET))).status,
    ).toBe(200)
    const seen = await other.post('/introspect', { token: next.body['access_token'] as string }, basic('app', SECRET))
    expect(seen.body).toEqual({ active: false })
  })

  test('share a session: a person may meet either at each step', async () => {
    const [one, other] = await two()
    const begun = await one.post('/device_authorization', {}, basic('app', SECRET))
    const [here, there] = [new Browser(one.issuer), new Browser(other.issuer)]
    const page = await here.submit(await here.open(`${one.url}/device`), { subject: 'ana', groups: '' })
    for (const [name, value] of here.cookies) there.cookies.set(name, value)
    const confirm = await there.submit(page, { user_code: begun.body['user_code'] as string })
    await here.submit(confirm, { answer: 'allow' })
    const form = {
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      device_code: begun.body['device_code'] as string,
    }
    expect((await other.token(form, basic('app', SECRET))).status).toBe(200)
  })

  test('follow at once when a person takes a login back at one of them, in the middle of refreshes', async () => {
    const [one, other] = await two()
    const login = await loginByCode(one, { scope: 'openid read:/store' })
    const browser = new Browser(one.issuer)
    const page = await browser.submit(await browser.open(`${one.url}/applications`), { subject: 'ana' })
    const family = one.audit.events.find(({ event }) => event === 'token_issued')!.family!
    const refreshing = Array.from({ length: 6 }, () => refresh(other, login.body['refresh_token']))
    expect((await browser.submit(page, { family })).text).toContain('Revoked')
    // Each of them came before the end or after it.
    for (const { status, body } of await Promise.all(refreshing)) {
      expect(status === 200 || body['error'] === 'invalid_grant').toBe(true)
    }
    expect((await refresh(other, login.body['refresh_token'])).body['error']).toBe('invalid_grant')
    const token = login.body['access_token'] as string
    const seen = await other.post('/introspect', { token }, basic('app', SECRET))
    expect(seen.body).toEqual({ active: false })
  })

  test('give all of many refreshes at the same time the same successor', async () => {
    const [one, other] = await two()
    const login = await loginByCode(one)
    const all = Array.from({ length: 8 }, (_, i) => refresh(i % 2 ? one : other, login.body['refresh_token']))
    const replies = await Promise.all(all)
    expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 200))
    expect(new Set(replies.map(({ body }) => body['refresh_token'])).size).toBe(1)
  })

  test('redeem a device code once between them', async () => {
    const [one, other] = await two()
    const begun = await one.post('/device_authorization', {}, basic('app', SECRET))
    const browser = new Browser(one.issuer)
    const page = await browser.submit(await browser.open(`${one.url}/device`), { subject: 'ana', groups: '' })
    await browser.submit(await browser.submit(page, { user_code: begun.body['user_code'] as string }), {
      answer: 'allow',
    })
    const form = {
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      device_code: begun.body['device_code'] as string,
    }
    const replies = await Promise.all(
      Array.from({ length: 8 }, (_, i) => (i % 2 ? one : other).token(form, basic('app', SECRET))),
    )
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
  })
})

test('rows read in one transaction while it runs, as pg_dump reads them, restore keys and logins', async () => {
  const database = await postgres.newDatabase()
  await checkRestore({ postgres: database }, async () => {
    const copy = await postgres.newDatabase()
    const [from, to] = [new Client({ connectionString: database }), new Client({ connectionString: copy })]
    await Promise.all([from.connect(), to.connect()])
    await from.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    for (const { statements } of MIGRATIONS) for (const sql of statements) await to.query(sql)
    await to.query('CREATE TABLE scitokens_schema (version BIGINT NOT NULL PRIMARY KEY)')
    for (const table of ['scitokens_schema', 'scitokens_entries']) {
      for (const row of (await from.query({ text: `SELECT * FROM ${table}`, rowMode: 'array' })).rows as unknown[][]) {
        await to.query(`INSERT INTO ${table} VALUES (${row.map((_, index) => `$${index + 1}`).join(', ')})`, row)
      }
    }
    await Promise.all([from.end(), to.end()])
    return { postgres: copy }
  })
})
