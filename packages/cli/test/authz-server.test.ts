import { needs, pathOf } from '@scitokens-tests/programs'
import { type ChildProcess, spawn, spawnSync } from '@scitokens-tests/programs/processes'
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestIssuer } from '@scitokens/core/testing'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  AUDIENCE,
  type AuthzServer,
  bearer as bearerOf,
  collect,
  documented,
  send,
  startAuthzServer,
  startIssuer,
  expectJudgedAsItCame,
} from './support/authz-server.ts'
import { scitokens, temporaryDirectory } from './support/scitokens.ts'
import { freePort } from './support/vo.ts'

// Each test starts a process or two.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 })

let directory: string
let issuer: TestIssuer
beforeEach(async () => {
  directory = temporaryDirectory()
  issuer = await startIssuer()
})

const authzServer = (...args: string[]): Promise<AuthzServer> =>
  startAuthzServer({ directory, issuer: issuer.issuer }, ...args)

const bearer = (scope: string): Promise<{ authorization: string }> => bearerOf(issuer, scope)

describe('scitokens authz-server', () => {
  it('answers with who asks, or with what the client should get, and logs it without the token', async () => {
    const server = await authzServer('--for', 'envoy', '--listen', '127.0.0.1:0', '--realm', 'data')
    const ana = await bearer('read:/store')
    const allowed = await send(server.address, 'GET', '/store/%C3%A4?x=1', ana)
    expect(allowed).toMatchObject({ status: 200, body: '' })
    expect(allowed.headers).toMatchObject({
      'x-scitokens-subject': 'ana',
      'x-scitokens-issuer': issuer.issuer,
      'x-scitokens-path': '/store/%C3%A4',
    })
    const refused = await send(server.address, 'PUT', '/store/x', ana)
    expect(refused.status).toBe(403)
    expect(refused.headers['www-authenticate']).toMatch(/^Bearer realm="data", error="insufficient_scope"/)
    expect(JSON.parse(refused.body)).toMatchObject({ error: 'insufficient_scope' })
    expect(await send(server.address, 'GET', '/store/x')).toMatchObject({ status: 401 })
    expect(await send(server.address, 'GET', '/store/../x', ana)).toMatchObject({ status: 400 })
    // Where XRootD and RFC 6750 section 2.3 put a token: allowed, and refused.
    const inQuery = ana.authorization.replace(' ', '%20')
    expect((await send(server.address, 'GET', `/store/x?authz=${inQuery}`)).status).toBe(401)
    expect((await send(server.address, 'GET', `/y?access_token=${inQuery.slice(9)}`)).status).toBe(401)
    await expect.poll(() => server.log().length).toBe(6)
    expect(server.log()).toMatchObject([
      { method: 'GET', target: '/store/%C3%A4?x=[redacted]', allowed: true, subject: 'ana', reason: 'read:/store' },
      { method: 'PUT', target: '/store/x', allowed: false, code: 'scope_denied' },
      { allowed: false, code: 'no_credentials' },
      { target: '/store/../x', allowed: false, code: 'invalid_request' },
      { target: '/store/x?authz=[redacted]' },
      { target: '/y?access_token=[redacted]', allowed: false },
    ])
    expect(JSON.stringify(server.log())).not.toContain(ana.authorization.slice(20))
    expect(await server.stop()).toEqual([0, null])
  })

  it('refuses a token that is bound to a key with 401, and says so in its log', async () => {
    const server = await authzServer('--for', 'envoy', '--listen', '127.0.0.1:0')
    const token = await issuer.sign({ sub: 'ana', aud: AUDIENCE, scope: 'read:/', cnf: { jkt: 'x' } })
    const refused = await send(server.address, 'GET', '/x', { authorization: `Bearer ${token}` })
    expect(refused).toMatchObject({ status: 401 })
    expect(refused.headers['www-authenticate']).toMatch(/^Bearer error="invalid_token"/)
    await expect.poll(() => server.log()).toMatchObject([{ allowed: false, code: 'proof_missing' }])
    await server.stop()
  })

  it('makes no socket in a directory where others could put one of theirs', async () => {
    const open = join(directory, 'open')
    mkdirSync(open)
    for (const mode of [0o777, 0o1777, 0o770]) {
      chmodSync(open, mode)
      // oxlint-disable-next-line no-await-in-loop -- one program after the other
      const { status, stderr } = await scitokens(
        ['authz-server', '--for', 'envoy', '--issuer', 'https://vo.example', '--audience', AUDIENCE].concat(
          '--listen',
          `unix:${join(open, 'authz.sock')}`,
        ),
      )
      expect([status, existsSync(join(open, 'authz.sock'))]).toEqual([2, false])
      expect(stderr).toContain('could answer in place of this server')
    }
  })

  it('listens on a Unix socket that only the group can reach, takes over a stale one, and leaves a living one alone', async () => {
    const socket = join(directory, 'authz.sock')
    const address = ['--for', 'envoy', '--listen', `unix:${socket}`]
    const first = await authzServer(...address)
    expect(first.address).toBe(`unix:${socket}`)
    expect(statSync(socket).mode & 0o777).toBe(0o660)
    expect(await send(first.address, 'GET', '/x', await bearer('read:/'))).toMatchObject({ status: 200 })
    const second = await scitokens([
      'authz-server',
      ...address,
      '--issuer',
      issuer.issuer,
      '--audience',
      AUDIENCE,
      '--dangerously-allow-loopback-http',
    ])
    expect(second).toMatchObject({ status: 3, stderr: expect.stringContaining('another process listens') })
    await first.stop()
    expect(existsSync(socket)).toBe(false)
    const killed = spawnSync(process.execPath, [
      '-e',
      `require('net').createServer().listen(${JSON.stringify(socket)}, () => process.kill(process.pid, 'SIGKILL'))`,
    ])
    expect(killed.signal).toBe('SIGKILL')
    expect(existsSync(socket)).toBe(true)
    const third = await authzServer(...address)
    expect(await send(third.address, 'GET', '/x')).toMatchObject({ status: 401 })
  })

  it.each(['x-original', 'x-forwarded'])(
    'finds the original request in %s headers only, set exactly once',
    async (front) => {
      const server = await authzServer('--for', front, '--listen', '127.0.0.1:0')
      const [method, uri] =
        front === 'x-original' ? ['x-original-method', 'x-original-uri'] : ['x-forwarded-method', 'x-forwarded-uri']
      const ana = await bearer('read:/store')
      const ask = (headers: Record<string, string | string[]>) =>
        send(server.address, 'GET', '/store/x', { ...ana, ...headers })
      expect(await ask({ [method]: 'GET', [uri]: '/store/x' })).toMatchObject({ status: 200 })
      expect(await ask({ [method]: 'GET', [uri]: '/other' })).toMatchObject({ status: 403 })
      expect(await ask({ [method]: 'PUT', [uri]: '/store/x' })).toMatchObject({ status: 403 })
      expect(await ask({})).toMatchObject({ status: 500 })
      expect(await ask({ [method]: 'GET' })).toMatchObject({ status: 500 })
      expect(await ask({ [method]: 'GET', [uri]: ['/store/x', '/other'] })).toMatchObject({ status: 500 })
      expect(await ask({ [method]: 'GET', [uri]: '/store/%2e%2e/x' })).toMatchObject({ status: 400 })
    },
  )

  it('knows what is there, where it is told where the files are', async () => {
    writeFileSync(join(directory, 'old'), '')
    const server = await authzServer(
      '--for',
      'envoy',
      '--listen',
      '127.0.0.1:0',
      '--root',
      directory,
      '--prefix',
      '/data',
      '--namespace',
      '/store',
    )
    const create = await bearer('storage.create:/store')
    expect(await send(server.address, 'PUT', '/data/new', create)).toMatchObject({ status: 200 })
    expect(await send(server.address, 'PUT', '/data/old', create)).toMatchObject({ status: 403 })
    expect(await send(server.address, 'PUT', '/store/new', create)).toMatchObject({ status: 400 })
    // Longer than the name of any file: nothing is there.
    expect(await send(server.address, 'PUT', `/data/${'n'.repeat(300)}`, create)).toMatchObject({ status: 200 })
    const there = await authzServer('--for', 'envoy', '--listen', '127.0.0.1:0', '--root', directory)
    const all = await bearer('storage.create:/')
    expect(await send(there.address, 'PUT', '/new', all)).toMatchObject({ status: 200 })
    expect(await send(there.address, 'PUT', '/old', all)).toMatchObject({ status: 403 })
  })

  it("reads a site's issuer map, and a deny list that takes effect at once", async () => {
    const map = join(directory, 'scitokens.cfg')
    writeFileSync(map, `[Global]\naudience = ${AUDIENCE}\n\n[Issuer VO]\nissuer = ${issuer.issuer}\nbase_path = /vo\n`)
    const revoked = join(directory, 'revoked')
    writeFileSync(revoked, '# none\n')
    const server = await authzServer(
      '--for',
      'envoy',
      '--listen',
      '127.0.0.1:0',
      '--issuers-file',
      map,
      '--revoked',
      revoked,
    )
    const token = await issuer.sign({ scope: 'read:/data', aud: AUDIENCE, jti: 'lost-laptop' })
    const ask = (path: string) => send(server.address, 'GET', path, { authorization: `Bearer ${token}` })
    expect(await ask('/vo/data/x')).toMatchObject({ status: 200 })
    expect(await ask('/data/x')).toMatchObject({ status: 403 })
    writeFileSync(revoked, 'lost-laptop\n')
    expect(await ask('/vo/data/x')).toMatchObject({ status: 401 })
  })

  it.each([
    [['--for', 'apache'], 'Allowed choices'],
    [['--for', 'nginx', '--listen', '0.0.0.0:9180'], 'not a loopback address'],
    [['--for', 'nginx', '--listen', 'nonsense'], 'is no address'],
    [['--for', 'nginx', '--issuers-file', '/nonexistent.cfg', '--issuer', 'https://vo.example'], 'say whom to trust'],
    [['--for', 'nginx', '--issuer', 'https://vo.example'], '--audience'],
    [
      ['--for', 'nginx', '--audience', 'x', '--issuer', 'https://a.example', '--issuer', 'https://b.example'],
      'share the base path',
    ],
    [['--for', 'nginx', '--issuers-file', '/nonexistent.cfg'], '/nonexistent.cfg'],
  ])('%j: one sentence, status 2', async (args, sentence) => {
    const { status, stderr } = await scitokens(['authz-server', ...args])
    expect(status).toBe(2)
    expect(stderr).toContain(sentence)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  })
})

describe('with nginx guarding a directory', needs('nginx'), () => {
  let url: string
  let files: string
  let server: AuthzServer
  let ana: { authorization: string }

  beforeEach(async () => {
    files = join(directory, 'files')
    for (const path of ['store/user/ana/x', 'store/user/ben/x', 'store/index.html', 'top']) {
      mkdirSync(join(files, path, '..'), { recursive: true })
      writeFileSync(join(files, path), path)
    }
    server = await authzServer('--for', 'nginx', '--listen', `unix:${join(directory, 'authz.sock')}`, '--root', files)
    url = `127.0.0.1:${await startNginx()}`
    ana = await bearer('read:/store write:/store/user/ana')
  })

  /** The configuration of docs/guards.md, with this test's own directories and port. */
  async function startNginx(): Promise<number> {
    const port = await freePort()
    const guarded = documented('nginx')
      .replace('/run/scitokens/authz.sock', join(directory, 'authz.sock'))
      .replace('/srv/files', files)
    const configuration = join(directory, 'nginx.conf')
    writeFileSync(
      configuration,
      `daemon off; master_process off; pid ${directory}/nginx.pid; error_log ${directory}/error.log;
events {}
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${directory}/${name};`).join(' ')}
  ${guarded.replace('listen 443 ssl;', `listen 127.0.0.1:${port};`).replaceAll(/^\s*ssl_.*$/gm, '')}
}
`,
    )
    const child: ChildProcess = spawn(pathOf('nginx'), ['-p', directory, '-c', configuration], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const problems = collect(child.stderr!)
    await expect
      .poll(
        () =>
          send(`:${port}`, 'GET', '/').then(
            (answer) => answer.status,
            () => problems(),
          ),
        { timeout: 60_000 },
      )
      .toBe(401)
    return port
  }

  it('allows what the token allows: reading, writing, removing', async () => {
    expect(await send(url, 'GET', '/store/user/ben/x', ana)).toMatchObject({ status: 200, body: 'store/user/ben/x' })
    expect(await send(url, 'GET', '/store/', ana)).toMatchObject({ status: 200, body: 'store/index.html' })
    expect(await send(url, 'PUT', '/store/user/ana/new', ana, 'hello')).toMatchObject({ status: 201 })
    expect(readFileSync(join(files, 'store/user/ana/new'), 'utf8')).toBe('hello')
    expect(await send(url, 'DELETE', '/store/user/ana/new', ana)).toMatchObject({ status: 204 })
    expect(await send(url, 'MKCOL', '/store/user/ana/d/', ana)).toMatchObject({ status: 201 })
    const destination = `http://${url}/store/user/ana/moved`
    expect(await send(url, 'MOVE', '/store/user/ana/x', { ...ana, destination })).toMatchObject({ status: 204 })
    expect(existsSync(join(files, 'store/user/ana/moved'))).toBe(true)
  })

  it('refuses the rest, and tells the client why', async () => {
    expect((await send(url, 'GET', '/store/user/ana/x')).headers['www-authenticate']).toBe('Bearer')
    expect(await send(url, 'GET', '/top', ana)).toMatchObject({ status: 403 })
    expect(await send(url, 'PUT', '/store/user/ben/x', ana, 'hello')).toMatchObject({ status: 403 })
    expect(await send(url, 'DELETE', '/store/user/ben/x', ana)).toMatchObject({ status: 403 })
    expect(
      await send(url, 'MOVE', '/store/user/ana/x', { ...ana, destination: `http://${url}/store/user/ben/y` }),
    ).toMatchObject({ status: 403 })
    expect(await send(url, 'COPY', '/top', { ...ana, destination: `http://${url}/store/user/ana/y` })).toMatchObject({
      status: 403,
    })
    expect(readFileSync(join(files, 'store/user/ben/x'), 'utf8')).toBe('store/user/ben/x')
    issuer.clock.advance(-7200)
    const expired = await issuer.sign({ scope: 'read:/', aud: AUDIENCE })
    const answer = await send(url, 'GET', '/top', { authorization: `Bearer ${expired}` })
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toContain('The access token has expired')
  })

  it('judges the request exactly as it came: spelling changes nothing, tricks are refused', async () => {
    await expectJudgedAsItCame(url, ana)
  })

  it('lets nothing pass while the authz-server is down', async () => {
    await server.stop()
    expect(await send(url, 'GET', '/store/user/ana/x', ana)).toMatchObject({ status: 500 })
  })
})
