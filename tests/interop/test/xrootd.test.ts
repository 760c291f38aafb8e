import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { run } from '../src/programs.ts'
import { startVo, type Vo } from '../src/vo.ts'
import { startXrootd, type Xrootd } from '../src/xrootd/server.ts'
import { fillStore, requireXrootdAndClients, STORED } from '../src/xrootd/store.ts'

const AUDIENCE = 'https://xrd.test'
const secret = 'a-secret-of-the-interop-rig-only'
const common = { clientSecret: secret, subject: 'ana', audiences: ['*'], defaultAudience: AUDIENCE }
const sciScopes = ['read:/', 'write:/']
const wlcgScopes = ['storage.read:/', 'storage.create:/', 'storage.modify:/', 'storage.stage:/']

/** The four kinds of token that VOs issue. */
const KINDS = {
  'scitoken:2.0 ES256': { clientId: 'sci-es', scopes: sciScopes, algorithm: 'ES256', read: 'read', write: 'write' },
  'scitoken:2.0 RS256': { clientId: 'sci-rs', scopes: sciScopes, algorithm: 'RS256', read: 'read', write: 'write' },
  'wlcg:1.0 ES256': {
    clientId: 'wlcg-es',
    scopes: wlcgScopes,
    algorithm: 'ES256',
    profile: 'wlcg:1.x',
    read: 'storage.read',
    write: 'storage.modify',
  },
  'wlcg:1.0 RS256': {
    clientId: 'wlcg-rs',
    scopes: wlcgScopes,
    algorithm: 'RS256',
    profile: 'wlcg:1.x',
    read: 'storage.read',
    write: 'storage.modify',
  },
} as const

let vo: Vo
let xrootd: Xrootd

beforeAll(async () => {
  requireXrootdAndClients()
  vo = await startVo(
    Object.values(KINDS).map(({ read: _read, write: _write, ...client }) => ({ ...common, ...client })),
  )
  xrootd = await startXrootd({
    dir: vo.dir,
    authority: vo.authority,
    issuers: [{ issuer: vo.issuer, basePath: '/' }],
    audience: AUDIENCE,
  })
  fillStore(xrootd)
})

afterAll(async () => {
  await xrootd?.stop()
  await vo?.stop()
})

interface Answer {
  readonly status: number
  readonly text: string
}

async function curl(token: string | undefined, method: string, path: string, body?: string): Promise<Answer> {
  const args = ['-sS', '-X', method, '--cacert', vo.authority.certificate, '--path-as-is', '-w', '\n%{http_code}']
  const header = token === undefined ? [] : ['-H', '@-']
  const data = body === undefined ? [] : ['--data-binary', body]
  const depth = method === 'PROPFIND' ? ['-H', 'Depth: 1'] : []
  const input = token === undefined ? '' : `Authorization: Bearer ${token}\n`
  const { stdout } = await run('curl', [...args, ...header, ...data, ...depth, `${xrootd.https}${path}`], { input })
  const cut = stdout.lastIndexOf('\n')
  return { status: Number(stdout.slice(cut + 1)), text: stdout.slice(0, cut) }
}

const read = (token: string | undefined, path: string): Promise<number> =>
  curl(token, 'GET', path).then(({ status }) => status)

describe.each(Object.entries(KINDS))('a %s token of our issuer at XRootD', (_, kind) => {
  const client = { id: kind.clientId, secret }
  const tokenFor = (scope: string, audience = AUDIENCE): Promise<string> => vo.token(client, { scope, audience })

  test('reads below its path over HTTPS and nowhere else', async () => {
    const token = await tokenFor(`${kind.read}:/store`)
    expect(await curl(token, 'GET', '/store/a.txt')).toEqual({ status: 200, text: STORED })
    expect(await read(token, '/private/b.txt')).toBe(403)
    expect(await read(token, '/store/../private/b.txt')).toBe(403)
    expect(await read(token, '/store/%2e%2e/private/b.txt')).toBe(403)
  })

  test('lists and stats with the read authorization', async () => {
    const token = await tokenFor(`${kind.read}:/store`)
    const listing = await curl(token, 'PROPFIND', '/store/')
    expect(listing.status).toBe(207)
    expect(listing.text).toContain('a.txt')
    expect((await curl(token, 'PROPFIND', '/private/')).status).not.toBe(207)
  })

  test('writes and deletes where it may, and not elsewhere', async () => {
    const token = await tokenFor(`${kind.read}:/store ${kind.write}:/store/ana`)
    const file = `/store/ana/${kind.clientId}.txt`
    expect((await curl(token, 'PUT', file, 'from a job')).status).toBeLessThan(300)
    expect(await curl(token, 'GET', file)).toEqual({ status: 200, text: 'from a job' })
    expect((await curl(token, 'PUT', '/store/other.txt', 'no')).status).toBe(403)
    expect((await curl(token, 'DELETE', '/store/a.txt')).status).toBe(403)
    expect((await curl(token, 'DELETE', file)).status).toBeLessThan(300)
    expect(await read(token, file)).toBe(404)
  })

  test('is refused with another audience, tampered with, or as a prefix of itself', async () => {
    expect(await read(await tokenFor(`${kind.read}:/store`, 'https://elsewhere.test'), '/store/a.txt')).toBe(403)
    const token = await tokenFor(`${kind.read}:/store`)
    const [header, claims, signature] = token.split('.') as [string, string, string]
    const widened = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<string, unknown>
    const forged = Buffer.from(JSON.stringify({ ...widened, scope: `${kind.read}:/` })).toString('base64url')
    expect(await read(`${header}.${forged}.${signature}`, '/private/b.txt')).toBe(403)
    expect(await read(`${header}.${claims}`, '/store/a.txt')).toBe(403)
    expect(await read(undefined, '/store/a.txt')).toBe(403)
  })

  test('is found by bearer-token discovery in xrdcp and xrdfs over the xroot protocol', async () => {
    const token = await tokenFor(`${kind.read}:/store`)
    const tokenFile = join(vo.dir, `bt-${kind.clientId}`)
    writeFileSync(tokenFile, `${token}\n`, { mode: 0o600 })
    const env = { X509_CERT_DIR: xrootd.caDir, XrdSecPROTOCOL: 'ztn', BEARER_TOKEN_FILE: tokenFile }
    const copied = await run('xrdcp', ['-f', '-s', `${xrootd.roots}/store/a.txt`, '-'], { env })
    expect(copied).toMatchObject({ code: 0, stdout: STORED })
    const refused = await run('xrdcp', ['-f', '-s', `${xrootd.roots}/private/b.txt`, '-'], { env })
    expect(refused.code).not.toBe(0)
    expect(refused.stderr).toContain('permission denied')
    const listed = await run('xrdfs', [xrootd.roots.slice(0, -1), 'ls', '/store'], { env })
    expect(listed.stdout).toContain('/store/a.txt')
    const stat = await run('xrdfs', [xrootd.roots.slice(0, -1), 'stat', '/store/a.txt'], { env })
    expect(stat.stdout).toMatch(/Size:\s+20/)
  })

  test('works in davix', async () => {
    const token = await tokenFor(`${kind.read}:/store`)
    const args = ['--capath', xrootd.caDir, '-H', `Authorization: Bearer ${token}`]
    expect(await run('davix-get', [...args, `${xrootd.https}/store/a.txt`])).toMatchObject({
      code: 0,
      stdout: STORED,
    })
    expect((await run('davix-get', [...args, `${xrootd.https}/private/b.txt`])).code).not.toBe(0)
  })
})
