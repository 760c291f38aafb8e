import { KeySet, verifyToken } from '@scitokens/core'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { APP, basic, loginByCode, SECRET, startIssuer, startIssuerForPeople } from '../support/harness.ts'

const DAY = 86_400
const YEAR = 365 * DAY

test('tokens are issued, verify and end after they began, whatever the clock does', async () => {
  const jump = fc.integer({ min: -10 * YEAR, max: 10 * YEAR })
  const ordinary = fc.integer({ min: 1, max: 30 * DAY })
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(ordinary, jump), { minLength: 1, maxLength: 25 }), async (jumps) => {
      const { token, issuer, clock, url } = await startIssuer({}, { maintenanceIntervalMs: 1_000_000 })
      const { keys } = issuer.realms[0]!
      for (const seconds of jumps) {
        clock.now = Math.max(YEAR, clock.now + seconds)
        await issuer.maintain()
        const { status, body } = await token({ grant_type: 'client_credentials' })
        expect(status).toBe(200)
        const { keySet, body: jwks } = await keys.published()
        const source = { getKeySet: () => keySet }
        const { claims } = await verifyToken(body['access_token'] as string, { keys: source, issuers: [url] })
        expect(claims['exp']).toBe(clock.now + 3600)
        expect(claims['iat']).toBe(clock.now - 60)
        expect(claims['nbf']).toBe(clock.now - 60)
        expect(keys.status().filter(({ state }) => state === 'active')).toHaveLength(1)
        expect((await KeySet.fromJwks(JSON.parse(jwks))).keys.length).toBeLessThanOrEqual(jumps.length + 1)
      }
      // Back on an even course the schedule is the usual one again: keys follow each other and do not pile up.
      const signers = new Set<string>()
      for (let day = 0; day < 800; day += 10) {
        clock.advance(10 * DAY)
        await issuer.maintain()
        for (const { kid, state } of keys.status()) if (state === 'active') signers.add(kid)
      }
      expect(signers.size).toBeGreaterThanOrEqual(3)
      expect((await keys.published()).keySet.keys.length).toBeLessThanOrEqual(3)
      await issuer.close()
    }),
    { numRuns: 15 },
  )
}, 120_000)

test('a lease that was taken while the clock was far ahead keeps nobody from the keys', async () => {
  const { issuer, clock, url } = await startIssuer()
  const { store, keys } = issuer.realms[0]!
  await store.insertIfAbsent({ realm: url, kind: 'lease', id: 'keys', value: {}, expiresAt: clock.now + YEAR })
  clock.advance(178 * DAY)
  await issuer.maintain()
  expect(keys.status().map(({ state }) => state)).toEqual(['active', 'next'])
})

test('a refresh family lives through a clock that goes back, and a retry gets the same successor', async () => {
  const { token, clock, ...harness } = await startIssuerForPeople({ clients: [APP] })
  const login = await loginByCode({ token, clock, ...harness })
  const refresh = (text: unknown) =>
    token({ grant_type: 'refresh_token', refresh_token: text as string }, basic('app', SECRET))
  const first = await refresh(login.body['refresh_token'])
  clock.advance(-2 * DAY)
  const again = await refresh(login.body['refresh_token'])
  expect(again).toMatchObject({ status: 200, body: { refresh_token: first.body['refresh_token'] } })
  const next = await refresh(first.body['refresh_token'])
  expect(next.status).toBe(200)
  clock.advance(2 * DAY)
  expect((await refresh(next.body['refresh_token'])).status).toBe(200)
})
