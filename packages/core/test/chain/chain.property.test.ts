import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import {
  attenuate,
  findPermission,
  findOperationPermission,
  formatScopes,
  type Path,
  parseScopes,
  type Scope,
  SciToken,
  SciTokenError,
  STORAGE_OPERATIONS,
  verifyToken,
} from '../../src/index.ts'
import { createTestIssuer } from '../../src/testing.ts'

// Much work, and the machine may have other work.
vi.setConfig({ testTimeout: 180_000 })

const issuer = await createTestIssuer()
const { clock } = issuer
const names = [
  'read',
  'write',
  'create',
  'modify',
  'queue',
  'storage.modify',
  'storage.create',
  'storage.stage',
  'storage.poll',
]
const path = fc
  .tuple(fc.array(fc.constantFrom('a', 'b', 'ab'), { maxLength: 3 }), fc.boolean())
  .map(([parts, slash]) => `/${parts.join('/')}${slash && parts.length > 0 ? '/' : ''}`)
const item = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constantFrom(...names), path).map(([name, where]) => `${name}:${where}`) },
  fc.constantFrom('queue', 'execute'),
)
const claim = fc.array(item, { minLength: 1, maxLength: 5 }).map((items) => items.join(' '))
const audience = fc.oneof(fc.constant('ANY'), fc.subarray(['x', 'y', 'z'], { minLength: 1 }))
/** What a holder wants: any scopes, or some that lie within the parent's; any audience; any lifetime. */
const wish = fc.record({
  scopes: fc.oneof(claim, fc.constant('')),
  within: fc.boolean(),
  audience: fc.option(audience),
  lifetime: fc.option(fc.integer({ min: 1, max: 700 })),
})

/** Every question and operation of a small world that scopes answer with yes in `scitoken:2.0`. */
const questions = fc.sample(fc.tuple(fc.constantFrom(...names, 'execute', 'condor'), path), { numRuns: 150, seed: 3 })
function allowed(scopes: readonly Scope[]): ReadonlySet<string> {
  const profile = { profile: 'scitoken:2.0' as const }
  const yes = new Set<string>()
  for (const [authz, where] of questions) {
    if (findPermission(scopes, { authz, path: where as Path }, profile)) yes.add(`${authz} ${where}`)
    for (const operation of STORAGE_OPERATIONS) {
      const request = { operation, path: where as Path, to: '/a/new' as Path }
      if (findOperationPermission(scopes, request, profile)) yes.add(`${operation} ${where}`)
    }
  }
  return yes
}

const claimsOf = (text: string): { scope: string; aud: string | string[]; exp: number; nbf: number } =>
  SciToken.decode(text.split('.').slice(0, 3).join('.')).unverifiedClaims as never

test('for random chains, whatever the leaf allows, every ancestor allows', async () => {
  let derived = 0
  let refused = 0
  await fc.assert(
    fc.asyncProperty(claim, audience, fc.array(wish, { minLength: 1, maxLength: 4 }), async (scope, aud, wishes) => {
      const base = new SciToken({ key: issuer.key, claims: { iss: issuer.issuer, aud, scope } })
      let holder = await base.serialize({ includeKey: true, clock, lifetime: 650 })
      const ancestors = [claimsOf(holder)]
      for (const { scopes, within, audience: to, lifetime } of wishes) {
        const parent = parseScopes(ancestors.at(-1)!.scope).scopes
        const asked = within ? formatScopes(parent.filter((_, index) => index % 2 === 0)) : scopes
        try {
          // oxlint-disable-next-line no-await-in-loop -- each below the one before
          holder = await attenuate({
            token: holder,
            scopes: asked,
            leaf: false,
            clock,
            ...(to === null ? {} : { audience: to }),
            ...(lifetime === null ? {} : { lifetime }),
          })
          derived += 1
          ancestors.push(claimsOf(holder))
        } catch (error) {
          if (!(error instanceof SciTokenError)) throw error
          expect(error.code).toBe('widened_chain')
          refused += 1
        }
      }
      const { claims, links } = await verifyToken(await attenuate({ token: holder, clock }), {
        keys: issuer.keys,
        chains: true,
      })
      expect(links).toHaveLength(ancestors.length + 1)
      const leaf = allowed(parseScopes(claims['scope'] as string).scopes)
      const servers = [claims['aud']].flat() as string[]
      for (const ancestor of ancestors) {
        const before = allowed(parseScopes(ancestor.scope).scopes)
        expect([...leaf].filter((one) => !before.has(one))).toEqual([])
        const open = [ancestor.aud].flat()
        expect(open.includes('ANY') || servers.every((one) => open.includes(one))).toBe(true)
        expect(claims['exp']).toBeLessThanOrEqual(ancestor.exp)
        expect(claims['nbf']).toBeGreaterThanOrEqual(ancestor.nbf)
      }
    }),
    { numRuns: 80 },
  )
  // Both ways are really taken.
  expect(derived).toBeGreaterThan(30)
  expect(refused).toBeGreaterThan(10)
})
