import { decodeUnverified } from '@scitokens/core'
import { openIssuer, type Issuer } from '@scitokens/issuer'
import { describe, expect, onTestFinished, test } from 'vitest'
import { SqlStore } from '../../src/store/sql-store.ts'
import { SqliteEngine } from '../../src/store/sqlite-engine.ts'
import { basic, ROBOT, SECRET, startIssuer, TestClock } from '../support/harness.ts'

const DAY = 86_400

interface Instance {
  readonly issuer: Issuer
  /** `kid` of a fresh token. */
  readonly signs: () => Promise<string>
  readonly publishes: () => Promise<string[]>
}

async function instance(issuer: Issuer): Promise<Instance> {
  const server = issuer.buildServer()
  return {
    issuer,
    signs: async () => {
      const reply = await server.inject({
        method: 'POST',
        url: '/token',
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...basic('robot', SECRET) },
        payload: 'grant_type=client_credentials',
      })
      return decodeUnverified(reply.json().access_token).unverifiedHeader['kid'] as string
    },
    publishes: async () => (await server.inject('/jwks')).json().keys.map((key: { kid: string }) => key.kid),
  }
}

/** Instances of one issuer on one store. */
async function instances(count: number, realm: object = {}): Promise<{ all: Instance[]; clock: TestClock }> {
  const clock = new TestClock()
  const store = await SqlStore.open(await SqliteEngine.open({ file: ':memory:' }), clock.read)
  onTestFinished(() => store.close())
  const options = {
    issuer: 'https://issuer.example',
    clients: [ROBOT],
    storage: { store },
    masterKey: { value: new Uint8Array(32).fill(7) },
    clock: clock.read,
    maintenanceIntervalMs: 1_000_000,
    ...realm,
  }
  const issuers = await Promise.all(Array.from({ length: count }, () => openIssuer(options)))
  return { all: await Promise.all(issuers.map(instance)), clock }
}

describe('rotation by the clock', () => {
  test('publishes ahead, then signs, keeps the old key for a while, then forgets it', async () => {
    const { all, clock } = await instances(1)
    const [one] = all as [Instance]
    const first = await one.signs()
    expect(await one.publishes()).toEqual([first])

    clock.advance(178 * DAY)
    await one.issuer.maintain()
    const [, second] = await one.publishes()
    expect(await one.publishes()).toEqual([first, second])
    expect(await one.signs()).toBe(first)

    clock.advance(2 * DAY - 1)
    expect(await one.signs()).toBe(first)
    clock.advance(1)
    // By the clock alone: nobody has to come and switch.
    expect(await one.signs()).toBe(second)
    expect(await one.publishes()).toEqual([first, second])

    clock.advance(4 * DAY)
    await one.issuer.maintain()
    expect(await one.publishes()).toEqual([second])
    expect(await one.signs()).toBe(second)
  })

  test('after a long sleep publishes the next key ahead all the same, and goes on signing with the old one', async () => {
    const { all, clock } = await instances(1)
    const [one] = all as [Instance]
    const first = await one.signs()
    clock.advance(400 * DAY)
    await one.issuer.maintain()
    expect(await one.signs()).toBe(first)
    clock.advance(2 * DAY)
    expect(await one.signs()).not.toBe(first)
  })

  test('takes every duration from the configuration, down to seconds', async () => {
    const keys = { publishAheadSeconds: 2, signingSeconds: 10, retainSeconds: 5 }
    const { all, clock } = await instances(1, { keys, maxLifetime: 5, lifetime: 5 })
    const [one] = all as [Instance]
    const first = await one.signs()
    clock.advance(8)
    await one.issuer.maintain()
    clock.advance(2)
    expect(await one.signs()).not.toBe(first)
    clock.advance(5)
    await one.issuer.maintain()
    expect(await one.publishes()).toHaveLength(1)
  })
})

describe('two instances', () => {
  test('make the same first key, whoever comes first', async () => {
    const { all } = await instances(4)
    expect(new Set(await Promise.all(all.map((one) => one.signs()))).size).toBe(1)
  })

  test('make one next key between them, and switch at the same moment', async () => {
    const { all, clock } = await instances(3)
    clock.advance(178 * DAY)
    await Promise.all(all.map((one) => one.issuer.maintain()))
    await Promise.all(all.map((one) => one.issuer.maintain()))
    const published = await Promise.all(all.map((one) => one.publishes()))
    expect(published[0]).toHaveLength(2)
    expect(published).toEqual(all.map(() => published[0]))
    clock.advance(2 * DAY)
    expect(new Set(await Promise.all(all.map((one) => one.signs())))).toEqual(new Set([published[0]![1]]))
  })
})

describe('an operator', () => {
  test('rotates in an emergency: the new key signs at once, the old one is published no more', async () => {
    const { all } = await instances(2)
    const [one, two] = all as [Instance, Instance]
    const first = await one.signs()
    await one.issuer.realms[0]!.keys.rotateNow()
    const second = await one.signs()
    expect(second).not.toBe(first)
    expect(await one.publishes()).toEqual([second])
    await two.issuer.maintain()
    expect(await two.signs()).toBe(second)
    expect(await two.publishes()).toEqual([second])
  })

  test('rolls back: the key before signs again, both stay published, and a new one is prepared', async () => {
    const { all, clock } = await instances(1)
    const [one] = all as [Instance]
    const first = await one.signs()
    const { keys } = one.issuer.realms[0]!
    await keys.prepareNext('ES256')
    clock.advance(2 * DAY)
    const second = await one.signs()
    await keys.rollback('ES256')
    expect(await one.signs()).toBe(first)
    expect(await one.publishes()).toEqual([first, second])
    expect(keys.status().map(({ kid, state }) => [kid, state])).toEqual([
      [first, 'active'],
      [second, 'retired'],
    ])
    await expect(keys.rollback('ES256')).rejects.toMatchObject({ code: 'config_error' })
  })
})

test('tokens are signed while the database is away', async () => {
  const { token, issuer } = await startIssuer()
  await token({ grant_type: 'client_credentials' })
  await issuer.realms[0]!.store.close()
  expect((await token({ grant_type: 'client_credentials' })).status).toBe(200)
})
