import { spawn } from '@scitokens-tests/programs/processes'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { SciToken } from '@scitokens/core'
import { createTestIssuer } from '@scitokens/core/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Credmon, type CredmonEvent, type CredmonOptions } from '../../src/index.ts'
import { TestIssuer } from '../support/test-issuer.ts'
import { openManager, temporaryDirectory } from '../support/workspace.ts'

/** Plays HTCondor's credd by its contract: writes `.top` and `.meta`, waits for `.use`, and sends marks. */
class Credd {
  readonly directory = temporaryDirectory()

  constructor() {
    for (const user of ['ana', 'ben@pool.example']) mkdirSync(join(this.directory, user), { mode: 0o2770 })
  }

  path(...names: string[]): string {
    return join(this.directory, ...names)
  }

  /** A new file in place of the old one, as credd writes it. */
  store(name: string, content: string): void {
    writeFileSync(this.path(`${name}.tmp`), content, { mode: 0o600 })
    renameSync(this.path(`${name}.tmp`), this.path(name))
  }

  /** What an OAuth login at the web page leaves. */
  storeOAuth(user: string, name: string, issuer: TestIssuer, extra: object = {}): string {
    const refreshToken = issuer.login()
    const meta = {
      client_id: 'condor',
      client_secret: 'secret',
      token_url: `${issuer.url}/token`,
      use_refresh_token: true,
    }
    this.store(`${user}/${name}.meta`, JSON.stringify(meta))
    this.store(`${user}/${name}.top`, JSON.stringify({ refresh_token: refreshToken, ...extra }))
    return refreshToken
  }

  mark(user: string, secondsAgo: number): void {
    const file = this.path(`${user}.mark`)
    writeFileSync(file, '')
    const time = Date.now() / 1000 - secondsAgo
    utimesSync(file, time, time)
  }

  /** What the starter would put into `.condor_creds` of a job: `.use` files and nothing else. */
  fetch(user: string): Record<string, string> {
    const names = readdirSync(this.path(user)).filter((name) => name.endsWith('.use'))
    return Object.fromEntries(names.map((name) => [name, readFileSync(this.path(user, name), 'utf8')]))
  }
}

async function prepared(options: Partial<CredmonOptions> = {}): Promise<{
  issuer: TestIssuer
  credd: Credd
  credmon: Credmon
  events: CredmonEvent[]
  manager: Awaited<ReturnType<typeof openManager>>
}> {
  const issuer = await TestIssuer.start()
  const credd = new Credd()
  const manager = await openManager(issuer)
  const events: CredmonEvent[] = []
  const credmon = new Credmon(manager, {
    directory: credd.directory,
    renewer: { tickMs: 10 },
    scanIntervalMs: 3_600_000,
    onEvent: (event) => events.push(event),
    ...options,
  })
  return { issuer, credd, credmon, events, manager }
}

const use = (text: string): { access_token: string; expires_in: number } => JSON.parse(text) as never

test('the whole contract: pid, first scan, CREDMON_COMPLETE, and pid gone at the end', async () => {
  const { credd, credmon, issuer } = await prepared()
  writeFileSync(credd.path('CREDMON_COMPLETE'), '') // of an earlier run: not true any more
  credd.storeOAuth('ana', 'vo', issuer)
  let release = (): void => {}
  issuer.gate = new Promise((resolve) => (release = resolve))
  const starting = credmon.start()
  await expect.poll(() => existsSync(credd.path('pid'))).toBe(true)
  expect(readFileSync(credd.path('pid'), 'utf8')).toBe(`${process.pid}\n`)
  expect(existsSync(credd.path('CREDMON_COMPLETE'))).toBe(false)
  release()
  await starting
  expect(existsSync(credd.path('CREDMON_COMPLETE'))).toBe(true)
  expect(Object.keys(credd.fetch('ana'))).toEqual(['vo.use'])
  await credmon.stop()
  expect(existsSync(credd.path('pid'))).toBe(false)
  expect(Object.keys(credd.fetch('ana'))).toEqual(['vo.use'])
})

test('a credential monitor that seems to be at work here already is told of; one that died is not', async () => {
  const { credd, credmon, events } = await prepared()
  writeFileSync(credd.path('pid'), `${process.ppid}\n`)
  await credmon.start()
  await credmon.stop()
  expect(events).toEqual([
    { type: 'problem', file: credd.path('pid'), why: expect.stringMatching(/is named here and alive/) },
  ])
  const child = spawn(process.execPath, ['--eval', ''])
  await once(child, 'close')
  writeFileSync(credd.path('pid'), String(child.pid))
  await credmon.start()
  await credmon.stop()
  expect(events).toHaveLength(1)
})

test('a .top becomes a .use of mode 0400 with the scopes and audience that were asked for', async () => {
  const { credd, credmon, issuer } = await prepared()
  credd.storeOAuth('ana', 'vo_run7', issuer, { scopes: 'read:/store,write:/store/ana', audience: 'https://se.example' })
  await credmon.scan()
  const file = credd.path('ana', 'vo_run7.use')
  expect(statSync(file).mode & 0o777).toBe(0o400)
  const { access_token: token, expires_in: expiresIn } = use(readFileSync(file, 'utf8'))
  expect(expiresIn).toBe(1200)
  expect(SciToken.decode(token).unverifiedClaims).toMatchObject({
    scope: 'read:/store write:/store/ana',
    aud: 'https://se.example',
  })
  expect(issuer.requests[0]!.get('scope')).toBe('read:/store write:/store/ana')
})

test('renewal is at half life, and .top follows when the issuer rotates', async () => {
  const { credd, credmon, issuer } = await prepared()
  const first = credd.storeOAuth('ana', 'vo', issuer)
  await credmon.start()
  onTestFinished(() => credmon.stop())
  const rotated = (JSON.parse(readFileSync(credd.path('ana', 'vo.top'), 'utf8')) as { refresh_token: string })
    .refresh_token
  expect(rotated).not.toBe(first)
  const before = credd.fetch('ana')['vo.use']
  issuer.clock.advance(601)
  await expect.poll(() => credd.fetch('ana')['vo.use']).not.toBe(before)
  await expect.poll(() => readFileSync(credd.path('ana', 'vo.top'), 'utf8')).not.toContain(rotated)
  expect(statSync(credd.path('ana', 'vo.top')).mode & 0o777).toBe(0o600)
  await credmon.scan() // its own writing is no new login
  expect(issuer.count('refresh_token')).toBe(2)
})

test('a new .top from the credd is taken at the next SIGHUP', async () => {
  const { credd, credmon, issuer } = await prepared()
  credd.storeOAuth('ana', 'vo', issuer)
  await credmon.scan()
  const before = credd.fetch('ana')['vo.use']
  credd.storeOAuth('ana', 'vo', issuer, { scopes: 'read:/other' })
  await credmon.scan()
  const after = credd.fetch('ana')['vo.use']!
  expect(after).not.toBe(before)
  expect(SciToken.decode(use(after).access_token).unverifiedClaims['scope']).toBe('read:/other')
})

test('a SIGHUP during a scan is not lost', async () => {
  const { credd, credmon, issuer } = await prepared()
  credd.storeOAuth('ana', 'vo', issuer)
  let release = (): void => {}
  issuer.gate = new Promise((resolve) => (release = resolve))
  const scan = credmon.scan()
  await expect.poll(() => issuer.requests.length).toBe(1)
  credd.storeOAuth('ben@pool.example', 'vo', issuer)
  const second = credmon.scan()
  release()
  await Promise.all([scan, second])
  expect(Object.keys(credd.fetch('ben@pool.example'))).toEqual(['vo.use'])
})

describe('what a user writes into a mark narrows what the operator configured, and never widens it', () => {
  const scopes = ['read:/store', 'write:/store/{username}']
  const audience = ['https://se.example', 'https://xrd.example']

  /** The claims of the token that the mark is answered with, or why there is none. */
  async function answered(top: string | object, provider: object = { scopes, audience }): Promise<unknown> {
    const { credd, issuer, manager } = await prepared()
    const events: CredmonEvent[] = []
    const credmon = new Credmon(manager, {
      directory: credd.directory,
      providers: { vo: { issuer: issuer.url, clientId: 'submit', clientSecret: 's', ...provider } },
      onEvent: (event) => events.push(event),
    })
    credd.store('ana/vo.top', typeof top === 'string' ? top : JSON.stringify(top))
    await credmon.scan()
    const content = credd.fetch('ana')['vo.use']
    if (content !== undefined) {
      const { scope, aud } = SciToken.decode(use(content).access_token).unverifiedClaims
      return { scope, aud }
    }
    expect(issuer.requests).toEqual([]) // the issuer is not even asked
    return events.flatMap((event) => (event.type === 'problem' ? [event.why] : []))
  }

  test('less is given', async () => {
    expect(await answered({ scopes: ['write:/store/ana/run7'], audience: ['https://xrd.example'] })).toEqual({
      scope: 'write:/store/ana/run7',
      aud: 'https://xrd.example',
    })
    expect(await answered({ scope: 'read:/store/public' })).toMatchObject({ scope: 'read:/store/public' })
  })

  test.each([
    ["another user's directory", { scopes: ['write:/store/ben'] }, 'scope "write:/store/ben"'],
    ['a directory that only begins like the own one', { scope: 'write:/store/anabel' }, 'scope "write:/store/anabel"'],
    ['a parent', { scope: 'read:/' }, 'scope "read:/"'],
    ['another authorization', { scope: 'storage.modify:/store/ana' }, 'scope "storage.modify:/store/ana"'],
    ['groups that nobody configured', { scope: 'wlcg.groups' }, 'scope "wlcg.groups"'],
    ['one scope too many', { scopes: 'read:/store,condor:/WRITE' }, 'scope "condor:/WRITE"'],
    ['another audience', { audience: ['https://other.test'] }, 'audience "https://other.test"'],
    [
      'one audience too many',
      { audience: ['https://se.example', 'https://other.test'] },
      'audience "https://other.test"',
    ],
    ['every audience', { audience: 'ANY' }, 'audience "ANY"'],
  ])('more is not: %s', async (_what, top, named) => {
    expect(await answered(top)).toEqual([expect.stringContaining(named)])
  })

  test('a way out of the own directory is none', async () => {
    expect(await answered({ scope: 'write:/store/ana/../ben' })).toEqual([expect.stringContaining('".." component')])
    expect(await answered({ scope: 'write:/store/ana/%2e%2e/ben' })).toHaveLength(1)
  })

  test('where the operator names no scopes and no audience, nothing can be asked for by name', async () => {
    expect(await answered({ scope: 'write:/store/user/ben' }, {})).toEqual([expect.stringContaining('does not have')])
    expect(await answered({ audience: ['https://other.test'] }, { scopes })).toEqual([
      expect.stringContaining('is not for'),
    ])
  })

  test('a provider for every audience lets one be chosen', async () => {
    expect(await answered({ audience: 'https://se.example' }, { scopes, audience: ['ANY'] })).toMatchObject({
      aud: 'https://se.example',
    })
  })

  test('a token of the person is exchanged within it too', async () => {
    const { credd, issuer, manager } = await prepared()
    const events: CredmonEvent[] = []
    const provider = { issuer: issuer.url, clientId: 'condor', clientSecret: 's', scopes, audience }
    const credmon = new Credmon(manager, {
      directory: credd.directory,
      providers: { vo: provider },
      onEvent: (event) => events.push(event),
    })
    const ana = await createTestIssuer({ issuer: issuer.url })
    const token = await ana.sign({ aud: issuer.url, scope: 'read:/' })
    credd.store('ana/vo.top', JSON.stringify({ access_token: token, scopes: 'read:/' }))
    credd.store('ben@pool.example/vo.top', JSON.stringify({ refresh_token: issuer.login(), scopes: 'read:/' }))
    await credmon.scan()
    expect(credd.fetch('ana')).toEqual({})
    expect(credd.fetch('ben@pool.example')).toEqual({})
    expect(events).toEqual([
      { type: 'problem', file: credd.path('ana/vo.top'), why: expect.stringContaining('scope "read:/"') },
      { type: 'problem', file: credd.path('ben@pool.example/vo.top'), why: expect.stringContaining('scope "read:/"') },
    ])
  })

  test('a provider that the operator has narrowed narrows the logins that are there', async () => {
    const { credd, issuer, manager } = await prepared()
    const watching = (own: readonly string[]): Credmon =>
      new Credmon(manager, {
        directory: credd.directory,
        providers: { vo: { issuer: issuer.url, clientId: 'submit', clientSecret: 's', scopes: own } },
      })
    credd.store('ana/vo.top', '')
    await watching(['write:/store']).scan()
    await watching(['write:/store/{username}']).scan()
    const { scope } = SciToken.decode(use(credd.fetch('ana')['vo.use']!).access_token).unverifiedClaims
    expect(scope).toBe('write:/store/ana')
  })

  test('a service that is called as what every object has is no provider', async () => {
    const { credd, credmon, events } = await prepared({ providers: {} })
    credd.store('ana/constructor.top', '')
    await credmon.scan()
    expect(events).toEqual([
      { type: 'problem', file: credd.path('ana/constructor.top'), why: expect.stringContaining('no provider') },
    ])
  })
})

test('local credentials: a mere request mark is answered with a token of the provider, in the name of the user', async () => {
  const { credd, issuer, manager } = await prepared()
  const provider = {
    clientId: 'submit',
    clientSecret: 's',
    scopes: ['write:/store/{username}'],
    audience: ['https://se.example'],
  }
  const credmon = new Credmon(manager, {
    directory: credd.directory,
    format: 'bare',
    providers: { scitokens: { ...provider, issuer: issuer.url } },
  })
  credd.store('ben@pool.example/scitokens.top', '')
  await credmon.scan()
  const content = credd.fetch('ben@pool.example')['scitokens.use']!
  expect(content).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/)
  expect(SciToken.decode(content.trim()).unverifiedClaims).toMatchObject({
    scope: 'write:/store/ben',
    aud: 'https://se.example',
  })
})

test('a mark that a clock made which was years ahead does not keep credentials for years', async () => {
  const { credd, credmon, issuer } = await prepared()
  credd.storeOAuth('ana', 'vo', issuer)
  await credmon.scan()
  credd.mark('ana', -10 * 365 * 86_400)
  await credmon.scan()
  expect(existsSync(credd.path('ana'))).toBe(false)
})

test('a user marked for longer than the delay is swept, another one is not', async () => {
  const { credd, credmon, issuer, manager, events } = await prepared()
  credd.storeOAuth('ana', 'vo', issuer)
  credd.storeOAuth('ben@pool.example', 'vo', issuer)
  await credmon.scan()
  credd.mark('ana', 3700)
  credd.mark('ben@pool.example', 3500)
  await credmon.scan()
  expect(existsSync(credd.path('ana'))).toBe(false)
  expect(existsSync(credd.path('ana.mark'))).toBe(false)
  expect(existsSync(credd.path('ben@pool.example', 'vo.use'))).toBe(true)
  expect(existsSync(credd.path('ben@pool.example.mark'))).toBe(true)
  expect((await manager.list()).map(({ owner }) => owner)).toEqual(['ben@pool.example'])
  expect(events).toContainEqual({ type: 'swept', owner: 'ana' })
})

test('a credential that the credd removes is renewed no more and leaves no .use', async () => {
  const { credd, credmon, issuer, manager } = await prepared()
  credd.storeOAuth('ana', 'vo', issuer)
  await credmon.scan()
  const { rmSync } = await import('node:fs')
  rmSync(credd.path('ana', 'vo.top'))
  await credmon.scan()
  expect(credd.fetch('ana')).toEqual({})
  expect(await manager.list()).toEqual([])
})

test('unfinished web logins go after twelve hours, and nothing else with them', async () => {
  const { credd, credmon } = await prepared()
  const [old, young] = ['a'.repeat(64), 'b'.repeat(64)]
  for (const name of [old, young, 'wsgi_session_key']) writeFileSync(credd.path(name), '')
  const longAgo = Date.now() / 1000 - 13 * 3600
  for (const name of [old, 'wsgi_session_key']) utimesSync(credd.path(name), longAgo, longAgo)
  await credmon.scan()
  expect([old, young, 'wsgi_session_key'].map((name) => existsSync(credd.path(name)))).toEqual([false, true, true])
})

test('one bad credential keeps nobody else waiting, and its secret is not told', async () => {
  const { credd, credmon, issuer, events } = await prepared()
  credd.store('ana/broken.top', '{"refresh_token": "rt-secret"')
  credd.store('ana/nometa.top', '{"refresh_token": "rt-secret"}')
  credd.store('ana/unknown.top', '')
  symlinkSync('/etc/passwd', credd.path('ana', 'link.top'))
  credd.storeOAuth('ana', 'vo', issuer)
  await credmon.scan()
  expect(Object.keys(credd.fetch('ana'))).toEqual(['vo.use'])
  const problems = events.filter((event) => event.type === 'problem')
  expect(problems.map(({ file }) => file.split('/').at(-1))).toEqual([
    'broken.top',
    'link.top',
    'nometa.top',
    'unknown.top',
  ])
  expect(JSON.stringify(problems)).not.toContain('rt-secret')
})

test('a web login without a refresh token is left as the web page made it, without a word each minute', async () => {
  const { credd, credmon, events } = await prepared()
  credd.store('ana/once.meta', '{"client_id": "condor", "use_refresh_token": false}')
  credd.store('ana/once.top', '{}')
  credd.store('ana/once.use', '{"access_token": "aaa", "expires_in": 600}')
  await credmon.scan()
  expect(events).toEqual([])
  expect(credd.fetch('ana')).toEqual({ 'once.use': '{"access_token": "aaa", "expires_in": 600}' })
})

test('an issuer that is away at submission is asked again, and the credential comes', async () => {
  const { credd, credmon, issuer, events } = await prepared()
  credd.storeOAuth('ana', 'vo', issuer)
  issuer.down = {}
  await credmon.scan()
  expect(events).toContainEqual(expect.objectContaining({ type: 'problem' }))
  issuer.down = undefined
  issuer.clock.advance(60)
  await credmon.scan()
  expect(Object.keys(credd.fetch('ana'))).toEqual(['vo.use'])
})

test('nothing that the starter hands to a job holds a refresh token or a client secret', async () => {
  const { credd, credmon, issuer } = await prepared()
  credd.storeOAuth('ana', 'vo', issuer)
  credd.storeOAuth('ana', 'vo_two', issuer)
  await credmon.scan()
  const seen = JSON.stringify(credd.fetch('ana'))
  expect(Object.keys(credd.fetch('ana'))).toHaveLength(2)
  expect(seen).not.toMatch(/rt-|refresh|secret/)
})

/** What Pelican's storer leaves: a token of the person. */
async function subjectToken(issuer: string): Promise<string> {
  return (await createTestIssuer({ issuer })).sign({ sub: 'ana', aud: 'ANY', scope: 'read:/store offline_access' })
}

/** A credmon with a client of its own for the service `osdf`. */
async function withPelican(): Promise<Awaited<ReturnType<typeof prepared>> & { another: () => Promise<Credmon> }> {
  const { issuer, credd, events, manager } = await prepared()
  const providers = { osdf: { issuer: issuer.url, clientId: 'credmon', clientSecret: 'secret-of-credmon' } }
  const open = (on: typeof manager): Credmon =>
    new Credmon(on, { directory: credd.directory, providers, onEvent: (event) => events.push(event) })
  return {
    issuer,
    credd,
    events,
    manager,
    credmon: open(manager),
    another: async () => open(await openManager(issuer)),
  }
}

test("Pelican: a person's token is exchanged for a login of all that it has where nobody names a scope", async () => {
  const { issuer, credd, credmon } = await withPelican()
  issuer.exchangeForLogin = true
  credd.store('ana/osdf.top', JSON.stringify({ access_token: await subjectToken(issuer.url) }))
  await credmon.scan()
  const asked = Object.fromEntries(issuer.requests[0]!)
  expect(asked).toMatchObject({ requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' })
  expect(asked).not.toHaveProperty('scope')
  expect(JSON.parse(readFileSync(credd.path('ana', 'osdf.top'), 'utf8'))).toMatchObject({
    refresh_token: expect.stringMatching(/^rt-/),
  })
})

test("Pelican: the person's token is exchanged once for a login of our own client, which .top holds from then on", async () => {
  const { issuer, credd, credmon, another } = await withPelican()
  issuer.exchangeForLogin = true
  const subject = await subjectToken(issuer.url)
  credd.store(
    'ana/osdf.top',
    JSON.stringify({ access_token: subject, scope: 'read:/store', audience: 'https://se.example' }),
  )
  await credmon.scan()
  expect(issuer.requests.map((request) => request.get('grant_type'))).toEqual([
    'urn:ietf:params:oauth:grant-type:token-exchange',
  ])
  expect(Object.fromEntries(issuer.requests[0]!)).toMatchObject({
    subject_token: subject,
    scope: 'read:/store offline_access',
  })
  const given = use(credd.fetch('ana')['osdf.use']!)
  expect(SciToken.decode(given.access_token).unverifiedClaims).toMatchObject({
    scope: 'read:/store',
    aud: 'https://se.example',
  })
  const top = JSON.parse(readFileSync(credd.path('ana', 'osdf.top'), 'utf8')) as Record<string, string>
  expect(top).toEqual({
    refresh_token: expect.stringMatching(/^rt-/),
    token_url: `${issuer.url}/token`,
    iss: issuer.url,
    scope: 'read:/store',
    audience: 'https://se.example',
  })
  expect(statSync(credd.path('ana', 'osdf.top')).mode & 0o777).toBe(0o600)
  await credmon.scan() // our own writing is no new login
  expect(issuer.requests).toHaveLength(1)

  // A credmon that knows nothing but the directory goes on from there, by refresh.
  issuer.clock.advance(10)
  await (await another()).scan()
  expect(issuer.requests.map((request) => request.get('grant_type')).slice(1)).toEqual(['refresh_token'])
  expect(use(credd.fetch('ana')['osdf.use']!).access_token).not.toBe(given.access_token)
})

test("Pelican: our client's secret goes to no other issuer than the one it is for, whatever a user brings", async () => {
  const { issuer, credd, credmon, events } = await withPelican()
  const evil = await TestIssuer.start()
  const knocks: string[] = []
  evil.onRequest = () => knocks.push('here')
  const tops = {
    'ana/osdf.top': { access_token: await subjectToken(evil.url) },
    'ana/osdf_two.top': { refresh_token: 'rt-x', iss: evil.url, token_url: `${evil.url}/token` },
    'ana/osdf_three.top': { access_token: 'no token at all' },
  }
  for (const [name, content] of Object.entries(tops)) credd.store(name, JSON.stringify(content))
  // Of its own issuer, but with the address of another: ours is asked, and does not know this refresh token.
  credd.store('ana/osdf_four.top', JSON.stringify({ refresh_token: 'rt-x', token_url: `${evil.url}/token` }))
  await credmon.scan()
  expect(knocks).toEqual([])
  expect(issuer.requests.map((request) => request.get('grant_type'))).toEqual(['refresh_token'])
  expect(credd.fetch('ana')).toEqual({})
  expect(events.filter(({ type }) => type === 'problem')).toHaveLength(4)
  expect(JSON.stringify(events)).toContain('is of another issuer than')
})

test('Pelican: without a refresh token for it the job gets its token all the same, and the operator is told', async () => {
  const { issuer, credd, credmon, events } = await withPelican()
  const content = JSON.stringify({ access_token: await subjectToken(issuer.url) })
  credd.store('ana/osdf.top', content)
  await credmon.scan()
  expect(Object.keys(credd.fetch('ana'))).toEqual(['osdf.use'])
  expect(readFileSync(credd.path('ana', 'osdf.top'), 'utf8')).toBe(content)
  expect(events).toContainEqual(
    expect.objectContaining({ type: 'problem', why: expect.stringContaining('cannot be renewed') }),
  )
  await credmon.scan()
  expect(issuer.requests).toHaveLength(1)
})
