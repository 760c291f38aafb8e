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
import { expect, onTestFinished, test } from 'vitest'
import { Credmon, type CredmonEvent, type CredmonOptions } from '../src/index.ts'
import { TestIssuer } from './support/test-issuer.ts'
import { openManager, temporaryDirectory } from './support/workspace.ts'

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
  manager: ReturnType<typeof openManager>
}> {
  const issuer = await TestIssuer.start()
  const credd = new Credd()
  const manager = openManager(issuer)
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
  expect(manager.list().map(({ owner }) => owner)).toEqual(['ben@pool.example'])
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
  expect(manager.list()).toEqual([])
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
