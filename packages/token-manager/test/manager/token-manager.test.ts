import { spawn } from '@scitokens-tests/programs/processes'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SciToken, SigningKey, signBaseToken, joinKeyedToken } from '@scitokens/core'
import { describe, expect, test } from 'vitest'
import { Renewer, type RenewerEvent, type TokenManager } from '../../src/index.ts'
import { TestIssuer } from '../support/test-issuer.ts'
import { openManager, temporaryDirectory, withLogin } from '../support/workspace.ts'

const claims = (token: string): Record<string, unknown> => SciToken.decode(token).unverifiedClaims

test('a client without any login gets tokens by its own credentials', async () => {
  const issuer = await TestIssuer.start()
  const manager = await openManager(issuer)
  const robot = { owner: 'robot', service: 'vo' }
  await manager.enrol({ ...robot, issuer: issuer.url, clientId: 'robot', clientSecret: 's', scopes: ['read:/store'] })
  const { token, expiresAt } = await manager.accessToken(robot)
  expect(claims(token)).toMatchObject({ iss: issuer.url, scope: 'read:/store' })
  expect(expiresAt).toBe(issuer.clock() + 1200)
})

test('a token that lives long enough is used again, a shorter one is renewed', async () => {
  const { issuer, manager, ana } = await withLogin()
  const first = await manager.accessToken(ana)
  issuer.clock.advance(600)
  expect(await manager.accessToken(ana)).toEqual(first)
  expect(issuer.count('refresh_token')).toBe(1)
  const longer = await manager.accessToken({ ...ana, minLifetime: 900 })
  expect(longer.token).not.toBe(first.token)
  expect(issuer.count('refresh_token')).toBe(2)
})

test('a rotated refresh token survives the end of the process', async () => {
  const { issuer, manager, ana } = await withLogin()
  await manager.accessToken(ana)
  manager.close()
  issuer.clock.advance(5000) // past grace and expiry: only the successor works
  const reopened = await openManager(issuer, { stateDirectory: manager.directory })
  await expect(reopened.accessToken(ana)).resolves.toMatchObject({ expiresAt: issuer.clock() + 1200 })
})

test('a reply lost after the issuer rotated is asked for again, and the grace time saves the login', async () => {
  const { issuer, manager, ana } = await withLogin()
  issuer.loseReplies = 2 // the transport itself tries a reused connection once more
  await expect(manager.accessToken(ana)).rejects.toMatchObject({ code: 'issuer_unavailable', family: 'undecided' })
  issuer.clock.advance(10)
  await expect(manager.accessToken(ana)).resolves.toBeDefined()
  issuer.clock.advance(5000)
  await expect(manager.accessToken(ana)).resolves.toBeDefined()
})

test('a hundred calls at once, on two managers of one state, make one request to the issuer', async () => {
  const { issuer, manager, ana } = await withLogin()
  const other = await openManager(issuer, { stateDirectory: manager.directory })
  const calls = Array.from({ length: 100 }, (_, n) => (n % 2 ? manager : other).accessToken(ana))
  const tokens = new Set((await Promise.all(calls)).map(({ token }) => token))
  expect(tokens.size).toBe(1)
  expect(issuer.count('refresh_token')).toBe(1)
})

test('another process that asks meanwhile gets the same token, and the issuer is asked once', async () => {
  const { issuer, manager, ana } = await withLogin()
  await manager.oauth.metadata.get(issuer.url)
  let answer = (): void => {}
  issuer.gate = new Promise((resolve) => (answer = resolve))
  const asked = manager.accessToken(ana)
  await expect.poll(() => issuer.requests.length).toBe(1)
  const program = join(temporaryDirectory(), 'asking.ts')
  writeFileSync(
    program,
    `import { OAuthClient, TokenManager } from ${JSON.stringify(join(import.meta.dirname, '../../src/index.ts'))}
     const oauth = new OAuthClient({ dangerouslyAllowLoopbackHttp: true })
     const manager = await TokenManager.open({ stateDirectory: process.argv[2], oauth })
     const asked = manager.accessToken({ owner: 'ana', service: 'vo' })
     console.log('asked')
     console.log((await asked).token)
     manager.close()`,
  )
  const child = spawn(process.execPath, ['--conditions=@scitokens/source', program, manager.directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
  await expect.poll(() => said).toContain('asked')
  answer()
  const { token } = await asked
  await once(child, 'close')
  expect(said).toBe(`asked\n${token}\n`)
  expect(issuer.count('refresh_token')).toBe(1)
})

test('a wish for less is met by refresh, and the login keeps all its rights', async () => {
  const { manager, ana } = await withLogin('refresh')
  const narrow = await manager.accessToken({
    ...ana,
    scopes: ['write:/store/ana'],
    audience: ['https://se.example'],
  })
  expect(claims(narrow.token)).toMatchObject({ scope: 'write:/store/ana', aud: 'https://se.example' })
  const wide = await manager.accessToken(ana)
  expect(claims(wide.token)['scope']).toBe('read:/store write:/store/ana')
})

test('a wish for less is met by exchange where the issuer offers it', async () => {
  const { issuer, manager, ana } = await withLogin('auto')
  const narrow = await manager.accessToken({ ...ana, scopes: ['write:/store/ana'] })
  expect(claims(narrow.token)['scope']).toBe('write:/store/ana')
  expect(issuer.count('urn:ietf:params:oauth:grant-type:token-exchange')).toBe(1)
  expect(issuer.count('refresh_token')).toBe(1)
})

test('with a base token, narrowing needs no issuer at all', async () => {
  const issuer = await TestIssuer.start()
  const manager = await openManager(issuer)
  const [signer, own] = await Promise.all([SigningKey.generate(), SigningKey.generate()])
  const base = await signBaseToken({
    signer,
    cwk: own.publicJwk,
    clock: issuer.clock,
    lifetime: 3600,
    claims: { iss: issuer.url, sub: 'ana', aud: ['https://se.example'], scope: 'read:/store write:/store/ana' },
  })
  const ana = { owner: 'ana', service: 'vo' }
  await manager.enrol({
    ...ana,
    issuer: issuer.url,
    clientId: 'x',
    kind: 'base_token',
    secret: joinKeyedToken(base, own),
    scopes: ['read:/store', 'write:/store/ana'],
    audience: ['https://se.example'],
  })
  const { token, expiresAt } = await manager.accessToken({ ...ana, scopes: ['read:/store/a'] })
  expect(token.split('.')).toHaveLength(3) // the key stays here
  expect(claims(token)).toMatchObject({ scope: 'read:/store/a', aud: 'https://se.example' })
  expect(expiresAt).toBe(issuer.clock() + 1200)
  await expect(manager.accessToken({ ...ana, scopes: ['write:/'] })).rejects.toMatchObject({ code: 'scope_denied' })
  issuer.clock.advance(4000)
  await expect(manager.accessToken(ana)).rejects.toMatchObject({ code: 'login_required' })
  expect(issuer.requests).toHaveLength(0)
})

describe('a wish is at most what the login was enrolled for', () => {
  const robot = { owner: 'alice', service: 'vo' }
  const enrolled = async (limits: object): Promise<{ issuer: TestIssuer; manager: TokenManager }> => {
    const issuer = await TestIssuer.start()
    const manager = await openManager(issuer)
    await manager.enrol({ ...robot, issuer: issuer.url, clientId: 'robot', clientSecret: 's', ...limits })
    return { issuer, manager }
  }

  test.each([
    [{ scopes: ['read:/store/public'] }, { scopes: ['write:/store/user/robot'] }],
    [{ scopes: ['read:/store/public'] }, { scopes: ['read:/store/public', 'write:/store/user/robot'] }],
    [{ scopes: ['read:/store/public'] }, { scopes: ['read:/store/publication'] }],
    [{ scopes: ['read:/store/public'] }, { scopes: ['read:/'] }],
    [{ scopes: ['storage.create:/a'] }, { scopes: ['storage.modify:/a'] }],
    [{ scopes: ['read:/store'] }, { scopes: ['wlcg.groups:/vo/admin'] }],
    [{ scopes: ['read:/store'], audience: ['https://a.test'] }, { audience: ['https://b.test'] }],
    [{ scopes: ['read:/store'], audience: ['https://a.test'] }, { audience: ['https://a.test', 'https://b.test'] }],
    [{ scopes: ['read:/store'], audience: ['https://a.test'] }, { audience: ['ANY'] }],
    // A client's issuer gives what is asked for by name: what was not enrolled was not meant.
    [{}, { scopes: ['write:/store/user/robot'] }],
    [{ scopes: ['read:/store'] }, { audience: ['https://b.test'] }],
  ])('%j does not serve %j, by a file neither', async (limits, wish) => {
    const { issuer, manager } = await enrolled(limits)
    const refused = { code: 'scope_denied', family: 'not_allowed' }
    await expect(manager.accessToken({ ...robot, ...wish })).rejects.toMatchObject(refused)
    const file = join(temporaryDirectory(), 'token')
    await expect(manager.deliver({ ...robot, ...wish, file })).rejects.toMatchObject(refused)
    expect(existsSync(file)).toBe(false)
    expect(issuer.requests).toEqual([])
  })

  test.each([
    [{ scopes: ['read:/store/public'] }, { scopes: ['read:/store/public/run7'] }],
    [{ scopes: ['storage.modify:/a'] }, { scopes: ['storage.create:/a/b'] }],
    [{ scopes: ['read:/store', 'wlcg.groups:/vo'] }, { scopes: ['wlcg.groups:/vo'] }],
    [{ scopes: ['read:/store'], audience: ['ANY'] }, { audience: ['https://a.test'] }],
    [{ scopes: ['read:/store'], audience: ['https://wlcg.cern.ch/jwt/v1/any'] }, { audience: ['https://a.test'] }],
    [{}, {}],
  ])('%j serves %j', async (limits, wish) => {
    const { manager } = await enrolled(limits)
    await expect(manager.accessToken({ ...robot, ...wish })).resolves.toBeDefined()
  })

  test('a file that was supplied under a wider enrolment is not renewed beyond the present one', async () => {
    const { issuer, manager } = await enrolled({ scopes: ['write:/store'] })
    const file = join(temporaryDirectory(), 'token')
    await manager.deliver({ ...robot, scopes: ['write:/store/b'], file })
    await manager.enrol({
      ...robot,
      issuer: issuer.url,
      clientId: 'robot',
      clientSecret: 's',
      scopes: ['write:/store/a'],
    })
    issuer.clock.advance(1200)
    const asked = issuer.requests.length
    const failed: RenewerEvent[] = []
    await new Renewer(manager, { onEvent: (event) => failed.push(event) }).pass()
    expect(failed).toMatchObject([{ type: 'failed', error: { code: 'scope_denied' } }])
    expect(issuer.requests).toHaveLength(asked)
  })
})

test('a revoked login is told as such, once, and the issuer is not asked again', async () => {
  const { issuer, manager, ana } = await withLogin()
  issuer.revokeAll()
  await expect(manager.accessToken(ana)).rejects.toMatchObject({ code: 'login_required', family: 'not_acceptable' })
  await expect(manager.accessToken(ana)).rejects.toMatchObject({ code: 'login_required' })
  expect(issuer.count('refresh_token')).toBe(1)
  await manager.enrol({ ...ana, issuer: issuer.url, clientId: 'submit', clientSecret: 's', secret: issuer.login() })
  await expect(manager.accessToken(ana)).resolves.toBeDefined()
})

test('what the issuer refuses is a "no", and does not end the login', async () => {
  const { issuer, manager, ana } = await withLogin()
  await expect(manager.accessToken({ ...ana, scopes: ['read:/store/forbidden'] })).rejects.toMatchObject({
    code: 'scope_denied',
    family: 'not_allowed',
  })
  expect(issuer.requests).not.toHaveLength(0)
  await expect(manager.accessToken(ana)).resolves.toBeDefined()
})

test('an issuer that is away is asked less and less, and as it says itself', async () => {
  const { issuer, manager, ana } = await withLogin()
  await manager.accessToken(ana)
  issuer.clock.advance(1200)
  issuer.down = {}
  const outcome = (): Promise<unknown> => manager.accessToken(ana).catch((error: unknown) => error)
  expect(await outcome()).toMatchObject({ code: 'issuer_unavailable' })
  expect(await outcome()).toMatchObject({ code: 'issuer_unavailable', retryAfterSeconds: 4 })
  expect((await manager.list())[0]).toMatchObject({ failures: 1 })
  issuer.clock.advance(4)
  issuer.down = { retryAfter: 500 }
  await outcome()
  expect((await manager.list())[0]).toMatchObject({ failures: 2, nextAttempt: issuer.clock() + 500 })
  issuer.down = undefined
  issuer.clock.advance(500)
  expect(await outcome()).toMatchObject({ expiresAt: issuer.clock() + 1200 })
  expect((await manager.list())[0]).toMatchObject({ failures: 0, nextAttempt: 0 })
})

test('a clock that was set back does not make old tokens new', async () => {
  const { issuer, manager, ana } = await withLogin()
  const before = await manager.accessToken(ana)
  issuer.clock.advance(-86_400)
  expect((await manager.accessToken(ana)).token).not.toBe(before.token)
})

test('nothing that is stored can be read without the key, and nothing is readable by others', async () => {
  const { manager, refreshToken, ana } = await withLogin()
  const { token } = await manager.accessToken(ana)
  const newest = manager.store.families.find({ ...ana })!.secret!
  for (const name of readdirSync(manager.directory)) {
    const file = join(manager.directory, name)
    expect(statSync(file).mode & 0o077, name).toBe(0)
    const content = readFileSync(file, 'latin1')
    for (const secret of [refreshToken, newest, token, 'secret-of-the-client']) expect(content).not.toContain(secret)
  }
})

test('another key does not open the state, and says so', async () => {
  const { issuer, manager } = await withLogin()
  const keyFile = join(temporaryDirectory(), 'key')
  await expect(openManager(issuer, { stateDirectory: manager.directory, keyFile })).rejects.toThrow(/another key/)
})

test('logout revokes at the issuer and forgets here', async () => {
  const { issuer, manager, ana, refreshToken } = await withLogin()
  expect(await manager.logout(ana)).toEqual({ revoked: true })
  expect(issuer.revoked).toEqual([refreshToken])
  expect(await manager.list()).toEqual([])
  await expect(manager.accessToken(ana)).rejects.toMatchObject({ code: 'login_required' })
})

test('logout forgets the login also when the issuer is away, and says that it was not revoked', async () => {
  const { issuer, manager, ana } = await withLogin()
  issuer.down = {}
  expect(await manager.logout(ana)).toMatchObject({ revoked: false, problem: { code: 'issuer_unavailable' } })
  expect(await manager.list()).toEqual([])
})

test('names that could become paths are refused', async () => {
  const issuer = await TestIssuer.start()
  const manager = await openManager(issuer)
  const base = { issuer: issuer.url, clientId: 'c' }
  for (const [owner, service, handle] of [
    ['../root', 'vo', ''],
    ['a/b', 'vo', ''],
    ['ana', 'v/o', ''],
    ['ana', 'vo_x', ''],
    ['ana', 'vo', '../x'],
    ['', 'vo', ''],
    ['a..b', 'vo', ''],
  ] as const) {
    const enrolling = manager.enrol({ ...base, owner, service, handle })
    // oxlint-disable-next-line no-await-in-loop -- so that a failure names its row
    await expect(enrolling, `${owner} ${service} ${handle}`).rejects.toThrow(/is no /)
  }
})

test('a delivered file holds the token, belongs to its reader alone, and never a refresh token', async () => {
  const { manager, ana, refreshToken } = await withLogin()
  const job = temporaryDirectory()
  const { token } = await manager.deliver({ ...ana, file: join(job, 'token') })
  await manager.deliver({ ...ana, file: join(job, 'vo.use'), format: 'json' })
  expect(readFileSync(join(job, 'token'), 'utf8')).toBe(`${token}\n`)
  expect(JSON.parse(readFileSync(join(job, 'vo.use'), 'utf8'))).toMatchObject({ access_token: token, expires_in: 1200 })
  expect(statSync(join(job, 'token')).mode & 0o777).toBe(0o400)
  expect(readdirSync(job)).toEqual(['token', 'vo.use'])
  const seen = readdirSync(job)
    .map((name) => readFileSync(join(job, name), 'utf8'))
    .join('')
  for (const secret of [refreshToken, manager.store.families.find(ana)!.secret!]) expect(seen).not.toContain(secret)
})

test('a delivery that cannot be made is not kept', async () => {
  const { manager, ana } = await withLogin()
  await expect(manager.deliver({ ...ana, file: '/nonexistent/dir/token' })).rejects.toMatchObject({
    code: 'config_error',
  })
  expect(manager.store.tokens.countKept()).toBe(0)
})
