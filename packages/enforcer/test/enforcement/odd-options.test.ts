import { createTestIssuer } from '@scitokens/core/testing'
import { describe, expect, test } from 'vitest'
import { Enforcer, type EnforcerOptions, Validator } from '../../src/index.ts'

const issuer = await createTestIssuer()
const audience = 'https://storage.example'
const usual = { issuers: issuer.issuer, keys: issuer.keys, audience, clock: issuer.clock }

describe('an option from a file that is not what it should be is a config_error, never a default or a stray exception:', () => {
  test.each([
    ['audienceCheck', null],
    ['audience', null],
    ['profiles', null],
    ['clockTolerance', null],
    ['maxLifetime', null],
    ['basePath', null],
    ['rejectDotSegments', null],
    ['audience', 5],
    ['audience', {}],
    ['audience', [5]],
    ['basePath', 5],
    ['issuers', [5]],
    ['issuers', [null]],
    ['acceptAnyInV1', 'false'],
    ['acceptScp', 1],
    ['strict', 0],
    ['rejectDotSegments', 'yes'],
  ])('%s %j', (name, value) => {
    const options = { ...usual, [name]: value } as unknown as EnforcerOptions
    expect(() => new Enforcer(options)).toThrow(expect.objectContaining({ code: 'config_error' }))
  })

  test('the bare validator refuses null as well', () => {
    expect(() => new Validator({ profiles: null } as never)).toThrow(expect.objectContaining({ code: 'config_error' }))
  })
})

describe('wlcg.groups in a SciToken', () => {
  const scope = 'read:/foo'

  test('is an unknown claim: nobody is in a group by it', async () => {
    const token = await issuer.sign({ aud: audience, scope, 'wlcg.groups': ['/cms'] })
    expect((await new Enforcer(usual).validate(token)).inGroup('/cms')).toBe(false)
  })

  test('is not judged: a strange value does not refuse the token', async () => {
    const token = await issuer.sign({ aud: audience, scope, ext: 1 })
    const odd = await issuer.sign({ aud: audience, scope, groups: '/cms' })
    const named = new Enforcer({ ...usual, issuers: { [issuer.issuer]: { groupsClaim: 'groups' } } })
    expect((await named.validate(token)).groups).toEqual([])
    await expect(named.validate(odd)).rejects.toMatchObject({ code: 'invalid_claim' })
    expect((await new Enforcer(usual).validate(odd)).groups).toEqual([])
  })

  test('counts where the site says that it uses groups', async () => {
    const token = await issuer.sign({ aud: audience, scope, 'wlcg.groups': ['/cms'] })
    const options = { ...usual, issuers: { [issuer.issuer]: { groupsClaim: 'wlcg.groups' } } }
    expect((await new Enforcer(options).validate(token)).inGroup('/cms')).toBe(true)
  })
})
