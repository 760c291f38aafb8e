import { describe, expect, test } from 'vitest'
import { APP, basic, type Harness, loginByCode, type Reply, SECRET, startIssuerForPeople } from '../support/harness.ts'

async function login(harness: Harness, query: Record<string, string> = {}): Promise<string> {
  const reply = await loginByCode(harness, query)
  return reply.body['refresh_token'] as string
}

function refresh(harness: Harness, token: string, form: Record<string, string> = {}, id = 'app'): Promise<Reply> {
  return harness.token({ grant_type: 'refresh_token', refresh_token: token, ...form }, basic(id, SECRET))
}

const INVALID = { status: 400, body: { error: 'invalid_grant' } }

describe('rotation', () => {
  test('gives a new refresh token with each use, for as long as the client comes', async () => {
    const harness = await startIssuerForPeople()
    let token = await login(harness)
    const seen = new Set([token])
    for (let day = 0; day < 40; day++) {
      harness.clock.advance(86_400)
      const reply = await refresh(harness, token)
      expect(reply.status).toBe(200)
      token = reply.body['refresh_token'] as string
      seen.add(token)
    }
    expect(seen.size).toBe(41)
  })

  test('gives a retry within the grace window the same successor', async () => {
    const harness = await startIssuerForPeople()
    const token = await login(harness)
    const first = await refresh(harness, token)
    harness.clock.advance(299)
    const retry = await refresh(harness, token)
    expect(retry.status).toBe(200)
    expect(retry.body['refresh_token']).toBe(first.body['refresh_token'])
    expect(retry.body['access_token']).not.toBe(first.body['access_token'])
  })

  test('gives the same successor even after the successor was used, as a slow second thread would find it', async () => {
    const harness = await startIssuerForPeople()
    const token = await login(harness)
    const first = await refresh(harness, token)
    await refresh(harness, first.body['refresh_token'] as string)
    expect((await refresh(harness, token)).body['refresh_token']).toBe(first.body['refresh_token'])
  })

  test('ends the whole family when a token comes again after its grace window, and says so in the audit', async () => {
    const harness = await startIssuerForPeople()
    const token = await login(harness)
    const successor = (await refresh(harness, token)).body['refresh_token'] as string
    harness.clock.advance(300)
    expect(await refresh(harness, token)).toMatchObject(INVALID)
    expect(await refresh(harness, successor)).toMatchObject(INVALID)
    expect(harness.audit.events).toContainEqual(
      expect.objectContaining({ event: 'refresh_reuse', client: 'app', subject: 'ana', family: expect.any(String) }),
    )
  })

  test('gives all of many requests at the same time the same successor', async () => {
    const harness = await startIssuerForPeople()
    const token = await login(harness)
    const replies = await Promise.all(Array.from({ length: 4 }, () => refresh(harness, token)))
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    expect(new Set(replies.map(({ body }) => body['refresh_token'])).size).toBe(1)
  })

  test('a login made by a clock that was years ahead lasts no longer than another one, from its first use by a right clock on', async () => {
    const harness = await startIssuerForPeople({ refresh: { maxSeconds: 7000, lifetimeSeconds: 3600 } })
    const years = 10 * 31_557_600
    harness.clock.advance(years)
    let token = await login(harness)
    harness.clock.advance(-years)
    for (let seconds = 0; seconds < 7000; seconds += 3500) {
      // oxlint-disable-next-line no-await-in-loop -- one refresh after the other
      token = (await refresh(harness, token)).body['refresh_token'] as string
      expect(token).toBeDefined()
      harness.clock.advance(3500)
    }
    expect(await refresh(harness, token)).toMatchObject(INVALID)
  })

  test('without a grace window ends the family at the first reuse', async () => {
    const harness = await startIssuerForPeople({ refresh: { graceSeconds: 0 } })
    const token = await login(harness)
    const successor = (await refresh(harness, token)).body['refresh_token'] as string
    expect(await refresh(harness, token)).toMatchObject(INVALID)
    expect(await refresh(harness, successor)).toMatchObject(INVALID)
  })

  test('can be off for a client: the token stays the same', async () => {
    const harness = await startIssuerForPeople({ clients: [{ ...APP, refresh: { rotate: false } }] })
    const token = await login(harness)
    harness.clock.advance(10_000)
    for (let i = 0; i < 3; i++) {
      expect((await refresh(harness, token)).body['refresh_token']).toBe(token)
      harness.clock.advance(20 * 86_400)
    }
  })

  test('goes on after the database came back from a backup that is older than the token', async () => {
    const harness = await startIssuerForPeople()
    const { store } = harness.issuer.realms[0]!
    const first = await login(harness)
    const [backup] = await store.list<object>(harness.url, 'family')
    const second = (await refresh(harness, first)).body['refresh_token'] as string
    const third = (await refresh(harness, second)).body['refresh_token'] as string
    await store.consume(backup!)
    await store.insertIfAbsent(backup!)
    expect((await refresh(harness, third)).status).toBe(200)
  })
})

describe('the life of a family', () => {
  test('ends when the client stays away', async () => {
    const harness = await startIssuerForPeople({ refresh: { lifetimeSeconds: 3600 } })
    const token = await login(harness)
    harness.clock.advance(3601)
    expect(await refresh(harness, token)).toMatchObject(INVALID)
  })

  test('ends after its maximum, however often the client comes', async () => {
    const harness = await startIssuerForPeople({ refresh: { lifetimeSeconds: 3600, maxSeconds: 7000 } })
    let token = await login(harness)
    for (const step of [3000, 3000]) {
      harness.clock.advance(step)
      token = (await refresh(harness, token)).body['refresh_token'] as string
    }
    harness.clock.advance(1000)
    expect(await refresh(harness, token)).toMatchObject(INVALID)
  })

  test('ends with a revocation by its own client only', async () => {
    const harness = await startIssuerForPeople({ clients: [APP, { ...APP, clientId: 'other' }] })
    const token = await login(harness)
    expect((await harness.post('/revoke', { token }, basic('other', SECRET))).body['error']).toBe('unauthorized_client')
    expect((await harness.post('/revoke', { token }, basic('app', SECRET))).status).toBe(200)
    expect((await harness.post('/revoke', { token }, basic('app', SECRET))).status).toBe(200)
    expect(await refresh(harness, token)).toMatchObject(INVALID)
  })
})

describe('a refresh token', () => {
  test('is good for its client alone', async () => {
    const harness = await startIssuerForPeople({ clients: [APP, { ...APP, clientId: 'other' }] })
    const token = await login(harness)
    expect(await refresh(harness, token, {}, 'other')).toMatchObject(INVALID)
    expect((await refresh(harness, token)).status).toBe(200)
  })

  test('cannot be made up: another number, another family, another hash are refused and harm nobody', async () => {
    const harness = await startIssuerForPeople()
    const token = await login(harness)
    const [, family, , mac] = token.split('.')
    for (const forged of [
      `rt.${family}.2.${mac}`,
      `rt.${'A'.repeat(22)}.1.${mac}`,
      `${token}x`,
      token.slice(0, -1),
      'rt..1.',
      'x',
    ]) {
      expect(await refresh(harness, forged)).toMatchObject(INVALID)
    }
    expect((await refresh(harness, token)).status).toBe(200)
  })

  test('is not in the store, and neither is a hash of it', async () => {
    const harness = await startIssuerForPeople()
    const token = await login(harness)
    const entries = JSON.stringify(await harness.issuer.realms[0]!.store.list(harness.url, 'family'))
    expect(entries).not.toContain(token)
    expect(entries).not.toContain(token.split('.')[3])
  })
})

describe('narrowing', () => {
  test('by scope and audience leaves the original grant as it was', async () => {
    const harness = await startIssuerForPeople()
    const token = await login(harness, { audience: 'https://se.example.org https://ce.example.org' })
    const narrow = await refresh(harness, token, { scope: 'read:/store/a/b', audience: 'https://ce.example.org' })
    expect(await harness.claims(narrow.body['access_token'] as string)).toMatchObject({
      scope: 'read:/store/a/b',
      aud: 'https://ce.example.org',
    })
    const whole = await refresh(harness, narrow.body['refresh_token'] as string)
    expect(await harness.claims(whole.body['access_token'] as string)).toMatchObject({
      scope: 'read:/store write:/store/user/ana',
      aud: ['https://se.example.org', 'https://ce.example.org'],
    })
  })

  test('chooses the server where the login named none, within what the client may have, as oidc-agent does', async () => {
    const harness = await startIssuerForPeople()
    const token = await login(harness, { scope: 'read:/store/data' })
    const chosen = await refresh(harness, token, { audience: 'https://ce.example.org' })
    expect((await harness.claims(chosen.body['access_token'] as string))['aud']).toBe('https://ce.example.org')
    const next = chosen.body['refresh_token'] as string
    const unnamed = await refresh(harness, next)
    expect((await harness.claims(unnamed.body['access_token'] as string))['aud']).toBe('https://se.example.org')
    const evil = await refresh(harness, unnamed.body['refresh_token'] as string, { audience: 'https://evil.example' })
    expect(evil.body['error']).toBe('invalid_target')
  })

  test('cannot widen: not beyond the scope and not beyond the audience that was granted', async () => {
    const harness = await startIssuerForPeople()
    const token = await login(harness, { scope: 'read:/store/data', audience: 'https://se.example.org' })
    const reply = await refresh(harness, token, { scope: 'read:/ write:/' })
    expect(reply.body['scope']).toBe('read:/store/data')
    const next = reply.body['refresh_token'] as string
    expect((await refresh(harness, next, { scope: 'write:/store/user/ana' })).body['error']).toBe('invalid_scope')
    expect((await refresh(harness, next, { audience: 'https://ce.example.org' })).body['error']).toBe('invalid_target')
  })

  test('happens by itself when the policy allows less than it did', async () => {
    const harness = await startIssuerForPeople({
      policy: { rules: [{ match: { claim: { preferred_username: 'ana' } }, scopes: ['read:/store/ana'] }] },
    })
    const token = await login(harness)
    const realm = harness.issuer.realms[0]!
    expect((await refresh(harness, token)).body['scope']).toBe('read:/store/ana')
    realm.policy = { ...realm.policy, rules: [] }
    expect((await refresh(harness, token)).body['error']).toBe('invalid_scope')
  })
})

test('a client that refreshes without end makes no entry without end', async () => {
  const harness = await startIssuerForPeople({ clients: [APP] })
  let { refresh_token: token } = (await loginByCode(harness)).body
  for (let i = 0; i < 210; i++) {
    const answer = await harness.token(
      { grant_type: 'refresh_token', refresh_token: token as string },
      basic('app', SECRET),
    )
    expect(answer.status).toBe(200)
    token = answer.body['refresh_token']
  }
  const [family] = await harness.issuer.realms[0]!.store.list<{ used: unknown[] }>(harness.url, 'family')
  expect(family!.value.used).toHaveLength(200)
})

test('the end of a family is written in steps of a hundredth of its life, never too early', async () => {
  const harness = await startIssuerForPeople({ clients: [APP], refresh: { lifetimeSeconds: 100_000 } })
  let { refresh_token: token } = (await loginByCode(harness)).body
  const ends = new Set<number>()
  for (let i = 0; i < 20; i++) {
    harness.clock.advance(97)
    const answer = await harness.token(
      { grant_type: 'refresh_token', refresh_token: token as string },
      basic('app', SECRET),
    )
    token = answer.body['refresh_token']
    const [family] = await harness.issuer.realms[0]!.store.list(harness.url, 'family')
    expect(family!.version).toBe(i + 2)
    expect(family!.expiresAt! - harness.clock.now).toBeGreaterThanOrEqual(100_000)
    expect(family!.expiresAt! - harness.clock.now).toBeLessThan(101_000)
    ends.add(family!.expiresAt!)
  }
  expect(ends.size).toBeLessThanOrEqual(3)
})
