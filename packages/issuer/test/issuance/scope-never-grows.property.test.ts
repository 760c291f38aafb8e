import { parseScopes, type Scope } from '@scitokens/core'
import { coveredByAny } from '@scitokens/core/internal'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { APP, basic, loginByCode, SECRET, startIssuerForPeople } from '../support/harness.ts'

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const path = fc
  .array(fc.constantFrom('store', 'data', 'user', 'ana', 'a', 'storeX', 'x'), { maxLength: 4 })
  .map((parts) => `/${parts.join('/')}`)
const scope = fc
  .array(
    fc.oneof(
      fc
        .tuple(fc.constantFrom('read', 'write', 'storage.read', 'storage.modify', 'storage.create'), path)
        .map((pair) => pair.join(':')),
      fc.constantFrom('compute.read', 'offline_access', 'openid'),
    ),
    { maxLength: 4 },
  )
  .map((items) => items.join(' '))

/** What one request of a history does: with which client, which token of those at hand, and what it asks for. */
const step = fc.record({
  kind: fc.constantFrom('refresh', 'exchange'),
  client: fc.constantFrom('app', 'fts'),
  pick: fc.nat(20),
  scope: fc.option(scope, { nil: undefined }),
})

interface Held {
  readonly client: string
  readonly access: string
  readonly refresh: string | undefined
  /** What the token that it came from could do. */
  readonly bounds: readonly Scope[]
}

test('over any history of refreshes and exchanges no token can do more than the one it came from', async () => {
  const harness = await startIssuerForPeople({
    clients: [
      {
        ...APP,
        scopes: ['read:/', 'write:/store', 'storage.read:/', 'storage.modify:/store', 'compute.read'],
        exchange: { from: ['*'], refresh: true },
      },
      {
        clientId: 'fts',
        clientSecret: SECRET,
        grants: [EXCHANGE, 'refresh_token'],
        scopes: ['read:/', 'write:/', 'storage.read:/', 'storage.modify:/', 'storage.create:/', 'compute.read'],
        audiences: ['https://se.example.org'],
        exchange: { from: ['*'], refresh: true },
      },
    ],
  })
  const scopesOf = async (token: string): Promise<readonly Scope[]> =>
    parseScopes(((await harness.claims(token))['scope'] as string | undefined) ?? '').scopes

  await fc.assert(
    fc.asyncProperty(scope, fc.array(step, { minLength: 1, maxLength: 8 }), async (first, steps) => {
      const login = await loginByCode(harness, { scope: `${first} read:/store/a` })
      const consented = await scopesOf(login.body['access_token'] as string)
      const held: Held[] = [
        {
          client: 'app',
          access: login.body['access_token'] as string,
          refresh: login.body['refresh_token'] as string,
          bounds: consented,
        },
      ]
      for (const { kind, client, pick, scope: asked } of steps) {
        const from = held[pick % held.length]!
        const form =
          kind === 'refresh'
            ? { grant_type: 'refresh_token', refresh_token: from.refresh ?? '' }
            : {
                grant_type: EXCHANGE,
                subject_token: from.access,
                subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
              }
        const who = kind === 'refresh' ? from.client : client
        const reply = await harness.token(
          { ...form, ...(asked === undefined ? {} : { scope: asked }) },
          basic(who, SECRET),
        )
        if (reply.status !== 200) continue
        const access = reply.body['access_token'] as string
        const now = await scopesOf(access)
        const bounds = kind === 'refresh' ? from.bounds : await scopesOf(from.access)
        for (const item of now) {
          expect(coveredByAny(bounds, item)).toBe(true)
          expect(coveredByAny(consented, item)).toBe(true)
          if (asked?.includes(':')) expect(coveredByAny(parseScopes(asked).scopes, item)).toBe(true)
        }
        // A family's bounds are its origin's; what comes from an exchange begins anew with what was exchanged.
        held.push({
          client: who,
          access,
          refresh: reply.body['refresh_token'] as string | undefined,
          bounds: kind === 'refresh' ? bounds : now,
        })
      }
    }),
    { numRuns: 60 },
  )
}, 120_000)
