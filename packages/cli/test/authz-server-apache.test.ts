import { needs, pathOf } from '@scitokens-tests/programs'
import { type ChildProcess, spawn } from '@scitokens-tests/programs/processes'
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestIssuer } from '@scitokens/core/testing'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  AUDIENCE,
  type AuthzServer,
  bearer,
  collect,
  documented,
  send,
  startAuthzServer,
  startIssuer,
  expectJudgedAsItCame,
} from './support/authz-server.ts'
import { temporaryDirectory } from './support/scitokens.ts'
import { freePort } from './support/vo.ts'

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 })

// Debian's place.
const MODULES = '/usr/lib/apache2/modules'

/** Debian's account that owns nothing. Apache serves as nobody where it is started by root, else as whoever started it. */
const NOBODY = 65_534
const isRoot = process.getuid?.() === 0

describe('with Apache guarding a WebDAV directory', needs('apache2'), () => {
  let directory: string
  let issuer: TestIssuer
  let files: string
  let server: AuthzServer
  let url: string
  let ana: { authorization: string }

  beforeEach(async () => {
    directory = temporaryDirectory()
    chmodSync(directory, 0o755)
    issuer = await startIssuer()
    files = join(directory, 'files')
    const paths = ['store/user/ana/x', 'store/user/ben/x', 'store/a b%.txt', 'top']
    for (const path of paths) {
      mkdirSync(join(files, path, '..'), { recursive: true })
      writeFileSync(join(files, path), path)
    }
    mkdirSync(join(directory, 'locks'))
    for (const name of ['files/store/user/ana', 'locks', 'files/store/user/ana/x']) give(join(directory, name))
    const where = ['--listen', '127.0.0.1:0', '--root', files]
    server = await startAuthzServer({ directory, issuer: issuer.issuer }, '--for', 'x-original', ...where)
    url = `127.0.0.1:${await startApache()}`
    ana = await bearer(issuer, 'read:/store write:/store/user/ana')
  })

  function give(path: string): void {
    if (isRoot) chownSync(path, NOBODY, NOBODY)
  }

  /** The configuration and the script of docs/guards.md, with this test's own directories and ports. */
  async function startApache(): Promise<number> {
    const port = await freePort()
    const script = join(directory, 'scitokens.lua')
    writeFileSync(script, documented('lua').replace('127.0.0.1:9180', server.address))
    const configuration = documented('apache')
      .replaceAll('/srv/files', files)
      .replace('/etc/apache2/scitokens.lua', script)
      .replace('/var/lock/apache2/DAVLock', join(directory, 'locks', 'DAVLock'))
    const modules = ['mpm_event', 'authz_core', 'dir', 'dav', 'dav_fs', 'lua']
    const file = join(directory, 'apache.conf')
    writeFileSync(
      file,
      `ServerRoot ${directory}
ServerName localhost
PidFile ${directory}/apache.pid
ErrorLog ${directory}/error.log
Listen 127.0.0.1:${port}
${isRoot ? 'User nobody\nGroup nogroup' : ''}
${modules.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`).join('\n')}
${configuration}`,
    )
    const child: ChildProcess = spawn(pathOf('apache2'), ['-f', file, '-D', 'FOREGROUND'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    onTestFinished(() => void child.kill('SIGTERM'))
    const problems = collect(child.stderr!)
    const ask = (): Promise<number | string> =>
      send(`:${port}`, 'GET', '/').then(
        (answer) => answer.status,
        () => problems(),
      )
    await expect.poll(ask, { timeout: 60_000 }).toBe(401)
    return port
  }

  it('allows what the token allows: reading, listing, writing, removing', async () => {
    expect(await send(url, 'GET', '/store/user/ben/x', ana)).toMatchObject({ status: 200, body: 'store/user/ben/x' })
    expect(await send(url, 'GET', '/store/a%20b%25.txt', ana)).toMatchObject({ status: 200, body: 'store/a b%.txt' })
    const listing = await send(url, 'PROPFIND', '/store/', { ...ana, depth: '1' })
    expect(listing.status).toBe(207)
    expect(listing.body).toContain('/store/user/')
    expect(listing.body).toContain('/store/a%20b%25.txt')
    expect(await send(url, 'PUT', '/store/user/ana/new', ana, 'hello')).toMatchObject({ status: 201 })
    expect(readFileSync(join(files, 'store/user/ana/new'), 'utf8')).toBe('hello')
    expect(await send(url, 'DELETE', '/store/user/ana/new', ana)).toMatchObject({ status: 204 })
    expect(await send(url, 'MKCOL', '/store/user/ana/d/', ana)).toMatchObject({ status: 201 })
    const destination = `http://${url}/store/user/ana/moved`
    const moved = await send(url, 'MOVE', '/store/user/ana/x', { ...ana, destination, host: url })
    expect(moved).toMatchObject({ status: 201 })
    expect(existsSync(join(files, 'store/user/ana/moved'))).toBe(true)
  })

  it('refuses the rest, and tells the client why', async () => {
    const anonymous = await send(url, 'GET', '/store/user/ana/x')
    expect(anonymous).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' } })
    const elsewhere = await send(url, 'GET', '/top', ana)
    expect(elsewhere.status).toBe(403)
    expect(elsewhere.headers['www-authenticate']).toContain('error="insufficient_scope"')
    expect(await send(url, 'PUT', '/store/user/ben/x', ana, 'hello')).toMatchObject({ status: 403 })
    expect(await send(url, 'DELETE', '/store/user/ben/x', ana)).toMatchObject({ status: 403 })
    const to = (path: string) => ({ ...ana, destination: `http://${url}${path}`, host: url })
    expect(await send(url, 'MOVE', '/store/user/ana/x', to('/store/user/ben/y'))).toMatchObject({ status: 403 })
    expect(await send(url, 'COPY', '/top', to('/store/user/ana/y'))).toMatchObject({ status: 403 })
    expect(readFileSync(join(files, 'store/user/ben/x'), 'utf8')).toBe('store/user/ben/x')
    // A listing above what may be read is refused as a whole.
    expect(await send(url, 'PROPFIND', '/', { ...ana, depth: '1' })).toMatchObject({ status: 403 })
  })

  it('lists the directory that the token may read, and none above', async () => {
    const reader = await bearer(issuer, 'read:/store/user/ana')
    expect(await send(url, 'PROPFIND', '/store/user/', { ...reader, depth: '1' })).toMatchObject({ status: 403 })
    const listing = await send(url, 'PROPFIND', '/store/user/ana/', { ...reader, depth: '1' })
    expect(listing).toMatchObject({ status: 207, body: expect.stringContaining('/store/user/ana/x') })
  })

  it('judges the request exactly as it came: spelling changes nothing, tricks are refused', async () => {
    await expectJudgedAsItCame(url, ana)
  })

  it('sees the second of two Authorization fields, which Apache joins', async () => {
    const other = await issuer.sign({ scope: 'read:/', aud: AUDIENCE })
    const authorization = [ana.authorization, `Bearer ${other}`]
    const { status } = await send(url, 'GET', '/top', { authorization })
    expect(status).toBe(400)
  })

  it('lets nothing pass while the authz-server is down', async () => {
    await server.stop()
    expect(await send(url, 'GET', '/store/user/ana/x', ana)).toMatchObject({ status: 503 })
  })
})
