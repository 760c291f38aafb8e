import { createTestIssuer, type TestIssuer } from '@scitokens/core/testing'
import { beforeAll, expect, expectTypeOf, test } from 'vitest'
import { type Decision, Enforcer, ValidatedToken } from '../../src/index.ts'
import { createGuard, type Guard } from '../../src/http/index.ts'

// A refusal that is an object counts as true in an `if`. So what may stand in an `if` is a boolean, or throws.

const audience = 'https://storage.example'
let issuer: TestIssuer
let enforcer: Enforcer

beforeAll(async () => {
  issuer = await createTestIssuer()
  enforcer = new Enforcer({ issuers: issuer.issuer, keys: issuer.keys, audience, clock: issuer.clock })
})

test('authorize resolves to the token that allows it', async () => {
  const text = await issuer.sign({ aud: audience, scope: 'read:/store', sub: 'ana' })
  const token = await enforcer.authorize(text, { authz: 'read', path: '/store/a' })
  expect(token).toBeInstanceOf(ValidatedToken)
  expect(token.subject).toBe('ana')
  const reader = await enforcer.authorizeOperation(text, { operation: 'read', path: '/store/a' })
  expect(reader.can('read', '/store/b')).toBe(true)
  expectTypeOf<ReturnType<Enforcer['authorize']>>().toEqualTypeOf<Promise<ValidatedToken>>()
  expectTypeOf<ReturnType<Enforcer['authorizeOperation']>>().toEqualTypeOf<Promise<ValidatedToken>>()
})

test('authorize in an `if` serves nobody whom decide refuses: it throws the refusal, with its code', async () => {
  const narrow = await issuer.sign({ aud: audience, scope: 'read:/store' })
  const foreign = await issuer.sign({ aud: 'https://other.example', scope: 'read:/' })
  const serve = async (text: string, path: string): Promise<string> => {
    if (await enforcer.authorize(text, { authz: 'read', path })) return 'served'
    return 'not reached: the answer is a token or an error'
  }
  const serveOperation = async (text: string, path: string): Promise<string> => {
    if (await enforcer.authorizeOperation(text, { operation: 'read', path })) return 'served'
    return 'not reached'
  }
  for (const ask of [serve, serveOperation]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect(await ask(narrow, '/store/a')).toBe('served')
    for (const [text, path, code, family] of [
      [narrow, '/other', 'scope_denied', 'not_allowed'],
      [foreign, '/store/a', 'aud_mismatch', 'not_acceptable'],
      ['nonsense', '/store/a', 'malformed_token', 'not_acceptable'],
      [narrow, 'relative', 'invalid_request', 'invalid_request'],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await expect(ask(text, path), code).rejects.toMatchObject({ code, family })
    }
  }
  const unreachable = new Enforcer({
    issuers: issuer.issuer,
    audience,
    keys: {
      getKeySet: () => {
        throw new Error('no route to host')
      },
    },
  })
  const asked = unreachable.authorize(narrow, { authz: 'read', path: '/store/a' })
  await expect(asked).rejects.toMatchObject({ family: 'undecided' })
})

test('what reads like a yes or no is a boolean; decisions and outcomes have names that begin with decide', async () => {
  const text = await issuer.sign({
    aud: audience,
    scope: 'read:/ host.auth',
    sub: 'host:a.example',
    'wlcg.groups': ['/cms'],
  })
  const token = await enforcer.validate(text)
  expectTypeOf<ReturnType<ValidatedToken['inGroup']>>().toEqualTypeOf<boolean>()
  expectTypeOf<ReturnType<ValidatedToken['speaksForHost']>>().toEqualTypeOf<boolean>()
  expect([token.inGroup('/atlas'), token.speaksForHost('b.example'), token.speaksForHost('A.example')]).toEqual([
    false,
    false,
    true,
  ])
  expectTypeOf<ReturnType<Enforcer['decide']>>().toEqualTypeOf<Promise<Decision<ValidatedToken>>>()
  expect(token.decideGroup('/atlas')).toMatchObject({ allowed: false, code: 'group_denied' })
  expect(token.decideHost('b.example')).toMatchObject({ allowed: false, code: 'scope_denied' })
  const guard: Guard = createGuard({ enforcer })
  expect('authorize' in guard).toBe(false)
  const outcome = await guard.decide({ method: 'DELETE', path: '/a', headers: { authorization: `Bearer ${text}` } })
  expect(outcome).toMatchObject({ ok: false, status: 403 })
})
