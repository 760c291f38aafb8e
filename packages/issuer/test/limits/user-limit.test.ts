import { describe, expect, test } from 'vitest'
import { UserLimit } from '../../src/limits/user-limit.ts'
import { APP, basic, loginByCode, SECRET, startIssuerForPeople } from '../support/harness.ts'

describe('the limit of tokens for one person', () => {
  test('counts over clients and sessions, uses nothing up when it refuses, and ends with the minute', async () => {
    const harness = await startIssuerForPeople({ clients: [APP, { ...APP, clientId: 'other' }] })
    const [realm] = harness.issuer.realms
    realm!.userLimit = new UserLimit(2, harness.clock.read)
    const { body } = await loginByCode(harness, { scope: 'read:/store offline_access' })
    expect((await loginByCode(harness, {}, { client: 'other' })).status).toBe(200)
    const refresh = () =>
      harness.token(
        { grant_type: 'refresh_token', refresh_token: body['refresh_token'] as string },
        basic('app', SECRET),
      )
    const refused = await refresh()
    expect(refused).toMatchObject({ status: 429, body: { error: 'temporarily_unavailable' } })
    expect(Number(refused.headers['retry-after'])).toBe(60 - (harness.clock.now % 60))
    expect(harness.audit.events.at(-1)).toMatchObject({ event: 'token_refused', error: 'temporarily_unavailable' })
    // Somebody else is not concerned.
    expect((await loginByCode(harness, {}, { subject: 'bob' })).status).toBe(200)
    harness.clock.advance(60)
    expect((await refresh()).status).toBe(200)
  })

  test('does not concern clients that act for themselves', async () => {
    const harness = await startIssuerForPeople()
    harness.issuer.realms[0]!.userLimit = new UserLimit(1, harness.clock.read)
    for (let asked = 0; asked < 3; asked++) {
      expect((await harness.token({ grant_type: 'client_credentials' })).status).toBe(200)
    }
  })
})
