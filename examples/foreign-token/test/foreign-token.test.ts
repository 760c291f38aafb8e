import { needing } from '@scitokens-tests/programs'
import { spawnSync } from '@scitokens-tests/programs/processes'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Enforcer, type EnforcerOptions } from '@scitokens/enforcer'
import { afterAll, beforeAll, expect } from 'vitest'
import { createForeignIssuer, type ForeignIssuer } from '../src/scitokens-create.ts'

const { describe, it } = needing('scitokens-create')

const AUDIENCE = 'https://data.example'

describe('a token made by scitokens-create', () => {
  let directory: string
  let vo: ForeignIssuer
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'foreign-token-'))
    vo = await createForeignIssuer('https://vo.example', directory)
  })
  afterAll(() => rmSync(directory, { recursive: true, force: true }))

  const enforcer = (options: Partial<EnforcerOptions> = {}): Enforcer =>
    new Enforcer({ issuers: vo.issuer, audience: AUDIENCE, keys: { [vo.issuer]: vo.jwks }, ...options })
  const claims = { sub: 'ana', aud: AUDIENCE, scope: 'read:/store write:/store/user/ana' }

  it.each(['scitokens1', 'scitokens2', 'atjwt'] as const)(
    'of profile %s allows what its scope says, and no more',
    async (profile) => {
      const token = await vo.createToken({ claims, profile })
      const ask = (authz: string, path: string) => enforcer().decide(token, { authz, path })
      expect(await ask('read', '/store/data/x')).toMatchObject({ allowed: true, subject: 'ana' })
      expect(await ask('write', '/store/user/ana/x')).toMatchObject({ allowed: true })
      expect(await ask('write', '/store/user/ben/x')).toMatchObject({ allowed: false, code: 'scope_denied' })
      expect(await ask('read', '/storehouse')).toMatchObject({ allowed: false, code: 'scope_denied' })
    },
  )

  it('of profile wlcg allows what its capabilities say, and no more', async () => {
    const token = await vo.createToken({
      claims: { ...claims, scope: 'storage.read:/store storage.create:/new' },
      profile: 'wlcg',
    })
    const ask = (authz: string, path: string) => enforcer().decide(token, { authz, path })
    expect(await ask('read', '/store/x')).toMatchObject({ allowed: true })
    expect(await ask('create', '/new/x')).toMatchObject({ allowed: true })
    expect(await ask('modify', '/new/x')).toMatchObject({ allowed: false, code: 'scope_denied' })
  })

  it('is refused where it is not meant for us, too old, signed with another key or from another issuer', async () => {
    const token = await vo.createToken({ claims })
    const question = { authz: 'read', path: '/store/x' }
    const refusal = async (options: Partial<EnforcerOptions>, text = token) => {
      const decision = await enforcer(options).decide(text, question)
      return decision.allowed ? 'allowed' : decision.code
    }
    expect(await refusal({})).toBe('allowed')
    expect(await refusal({ audience: 'https://other.example' })).toBe('aud_mismatch')
    expect(await refusal({ clock: () => Date.now() / 1000 + 3600 })).toBe('expired')
    const impostor = await createForeignIssuer(vo.issuer, mkdtempSync(join(directory, 'impostor-')))
    expect(await refusal({}, await impostor.createToken({ claims }))).toBe('bad_signature')
    const stranger = await createForeignIssuer('https://stranger.example', mkdtempSync(join(directory, 'stranger-')))
    expect(await refusal({}, await stranger.createToken({ claims }))).toBe('untrusted_issuer')
  })

  it('the example runs and says what was decided', () => {
    const main = join(import.meta.dirname, '..', 'src', 'main.ts')
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--conditions=@scitokens/source', main], {
      encoding: 'utf8',
    })
    expect(stderr).toBe('')
    expect(status).toBe(0)
    expect(stdout.split('\n').map((line) => /: (allowed|refused \(\w+\)),/.exec(line)?.[1])).toEqual([
      'allowed',
      'refused (scope_denied)',
      'refused (scope_denied)',
      undefined,
    ])
  })
})
