import { systemClock } from '@scitokens/core'
import type { EntryKey, Store } from '@scitokens/issuer'
import { expect, test } from 'vitest'
import { SqlStore } from '../../src/store/sql-store.ts'
import { SqliteEngine } from '../../src/store/sqlite-engine.ts'
import { APP, loginByCode, ROBOT, SECRET, basic, startIssuer, startIssuerForPeople } from '../support/harness.ts'

/** A store whose next `get` of a kind waits until it is let go. */
async function gatedStore(
  kind: string,
): Promise<{ store: Store; arm: () => { asked: Promise<void>; open: () => void } }> {
  const inner = await SqlStore.open(await SqliteEngine.open({ file: ':memory:' }), systemClock)
  let gate: { passed: () => void; opened: Promise<void> } | undefined
  const store = new Proxy(inner, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (name !== 'get') return typeof value === 'function' ? value.bind(target) : value
      return async (key: EntryKey) => {
        const waiting = key.kind === kind ? gate : undefined
        if (waiting) {
          gate = undefined
          waiting.passed()
          await waiting.opened
        }
        return target.get(key)
      }
    },
  })
  return {
    store,
    arm: () => {
      const { promise: asked, resolve: passed } = Promise.withResolvers<void>()
      const { promise: opened, resolve: open } = Promise.withResolvers<void>()
      gate = { passed, opened }
      return { asked, open }
    },
  }
}

test('a request that has begun ends under the policy with which it began, the next one under the new', async () => {
  const { store, arm } = await gatedStore('family')
  const rules = (path: string) => ({ rules: [{ scopes: [`read:${path}`] }] })
  const app = { ...APP, refresh: { rotate: false } }
  const harness = await startIssuerForPeople(
    { clients: [app], policy: rules('/store') },
    { storage: { store }, masterKey: { value: new Uint8Array(32).fill(7) }, clock: systemClock },
  )
  const { refresh_token: refreshToken } = (await loginByCode(harness, { scope: 'read:/store offline_access' })).body
  const form = { grant_type: 'refresh_token', refresh_token: refreshToken as string }
  const gate = arm()
  const begun = harness.token(form, basic('app', SECRET))
  await gate.asked
  await harness.issuer.reconfigure({
    issuer: harness.url,
    clients: [app],
    policy: rules('/store/new'),
    storage: { memory: true },
  })
  gate.open()
  expect((await begun).body['scope']).toBe('offline_access read:/store')
  expect((await harness.token(form, basic('app', SECRET))).body['scope']).toBe('offline_access read:/store/new')
})

test('settings with a mistake change nothing, of whatever realm', async () => {
  const a = { issuer: 'https://issuer.example/a', clients: [ROBOT] }
  const b = { issuer: 'https://issuer.example/b', clients: [ROBOT] }
  const { issuer } = await startIssuer({ issuer: undefined as never, clients: undefined as never }, { realms: [a, b] })
  const storage = { memory: true } as const
  const other = { ...ROBOT, clientId: 'other' }
  await expect(
    issuer.reconfigure({
      storage,
      realms: [
        { ...a, clients: [other] },
        { ...b, clients: [{ ...ROBOT, lifetime: -1 }] },
      ],
    }),
  ).rejects.toThrow(/^the option realms\[1\]\.clients\[0\]\.lifetime /)
  await expect(
    issuer.reconfigure({ storage, realms: [a, { ...b, policy: { rules: [{ scopes: ['read:/..'] }] } }] }),
  ).rejects.toThrow(/^realms\[1\]\.policy\.rules\[0\]\.scopes: /)
  for (const realm of issuer.realms) {
    expect(await realm.clients.find('robot')).toBeDefined()
    expect(await realm.clients.find('other')).toBeUndefined()
  }
  await issuer.reconfigure({ storage, realms: [{ ...a, clients: [other] }, b] })
  expect(await issuer.realms[0]!.clients.find('other')).toBeDefined()
  expect(await issuer.realms[1]!.clients.find('robot')).toBeDefined()
})
