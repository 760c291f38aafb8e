import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { findPermission, findOperationPermission, parseScopes, type Path, STORAGE_OPERATIONS } from '../../src/index.ts'
import { PermissionIndex } from '../../src/internal.ts'

const segment = fc.constantFrom('a', 'b', 'ab', 'c')
const path = fc
  .tuple(fc.array(segment, { maxLength: 4 }), fc.boolean())
  .map(([parts, slash]) => `/${parts.join('/')}${slash && parts.length > 0 ? '/' : ''}` as Path)
const authz = fc.constantFrom(
  'read',
  'write',
  'create',
  'storage.read',
  'storage.create',
  'storage.modify',
  'storage.stage',
  'storage.poll',
)
const item = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(authz, path).map(([name, where]) => `${name}:${where}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('queue', 'compute.read', 'compute.create', 'compute.modify', 'compute.cancel'),
  },
)
const options = fc.record({
  profile: fc.constantFrom('scitoken:2.0' as const, 'wlcg:1.x' as const),
  scitokensCppCompat: fc.boolean(),
})
const claim = fc.array(item, { maxLength: 40 }).map((items) => parseScopes(items.join(' ')).scopes)

test('the index answers every question as a search through the claim does, with the same scope', () => {
  const question = fc.oneof(
    fc.record({ authz, path }),
    fc.constantFrom(
      { authz: 'queue', path: undefined },
      { authz: 'queue', path: '/a' as Path },
      { authz: 'condor', path: '/WRITE' as Path },
      { authz: 'condor', path: '/READ' as Path },
      { authz: 'condor', path: undefined },
    ),
  )
  fc.assert(
    fc.property(claim, fc.array(question, { minLength: 1, maxLength: 20 }), options, (scopes, questions, how) => {
      // One index for all of them: it remembers what it was asked last.
      const index = new PermissionIndex(scopes, how)
      for (const asked of questions) expect(index.find(asked)).toBe(findPermission(scopes, asked, how))
    }),
    { numRuns: 2000 },
  )
})

test('the index answers for every operation as a search through the claim does, with the same scope', () => {
  fc.assert(
    fc.property(
      claim,
      fc.constantFrom(...STORAGE_OPERATIONS),
      path,
      path,
      options,
      (scopes, operation, from, to, how) => {
        const request = { operation, path: from, to }
        const index = new PermissionIndex(scopes, how)
        expect(index.findOperation(request)).toBe(findOperationPermission(scopes, request, how))
        // What was asked for an operation is not taken for an answer to a question.
        const asked = { authz: 'storage.create', path: from }
        expect(index.find(asked)).toBe(findPermission(scopes, asked, how))
      },
    ),
    { numRuns: 2000 },
  )
})

test('an empty authorization is a mistake, never a yes', () => {
  const index = new PermissionIndex(parseScopes('read:/').scopes, { profile: 'scitoken:2.0' })
  expect(() => index.find({ authz: '', path: '/' as Path })).toThrow(
    expect.objectContaining({ code: 'invalid_request' }),
  )
})
