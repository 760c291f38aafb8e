import { expect, test } from 'vitest'
import { basic, loginByCode, SECRET, startIssuerForPeople } from '../support/harness.ts'

test('what has expired is cleared away in the background, and what has not stays', async () => {
  const harness = await startIssuerForPeople()
  const { store } = harness.issuer.realms[0]!
  const login = await loginByCode(harness)
  await harness.post('/revoke', { token: login.body['access_token'] as string }, basic('app', SECRET))
  for (let i = 0; i < 600; i++) {
    await store.insertIfAbsent({
      realm: harness.url,
      kind: 'used',
      id: `u${i}`,
      value: {},
      expiresAt: harness.clock.now + 10,
    })
  }
  const count = async (): Promise<number[]> => {
    // As if no time had passed: also the expired are seen.
    const { now } = harness.clock
    harness.clock.now = 1_800_000_000
    const kinds = (['code', 'revoked', 'used', 'family', 'signing_key'] as const).map((kind) =>
      store.list(harness.url, kind),
    )
    const counts = (await Promise.all(kinds)).map((entries) => entries.length)
    harness.clock.now = now
    return counts
  }
  expect(await count()).toEqual([1, 1, 600, 1, 1])
  harness.clock.advance(20)
  await harness.issuer.maintain()
  expect(await count()).toEqual([1, 1, 0, 1, 1])
  harness.clock.advance(7200)
  await harness.issuer.maintain()
  expect(await count()).toEqual([0, 0, 0, 1, 1])
})
