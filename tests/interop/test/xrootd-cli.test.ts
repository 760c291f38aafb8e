import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { decodeUnverified, type Jwk } from '@scitokens/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Authority, createAuthority } from '../src/certificates.ts'
import { scitokens, scitokensOutput } from '../src/cli.ts'
import { type Outcome, run } from '../src/programs.ts'
import { type KeyServer, publishKeys } from '../src/static-issuer.ts'
import { startXrootd, type Xrootd } from '../src/xrootd/server.ts'
import { fillStore, requireXrootdAndClients, STORED } from '../src/xrootd/store.ts'

// A VO without a server: its keys are made by `scitokens keygen`, its key set lies on a web server, its tokens are made by
// `scitokens create`. XRootD and every client must do with that.

const AUDIENCE = 'https://xrd.test'
let dir: string
let authority: Authority
let keyServer: KeyServer
let xrootd: Xrootd

const file = (name: string): string => join(dir, name)

beforeAll(async () => {
  requireXrootdAndClients()
  dir = mkdtempSync(join(tmpdir(), 'scitokens-interop-'))
  chmodSync(dir, 0o755)
  authority = createAuthority(dir)
  for (const alg of ['ES256', 'RS256']) {
    for (const name of [alg, `stranger-${alg}`]) {
      const args = ['--alg', alg, '--kid', alg, '-p', file(`${name}.pem`), '-j', file(`${name}.json`)]
      // oxlint-disable-next-line no-await-in-loop -- four keys
      await scitokensOutput(['keygen', ...args])
    }
  }
  keyServer = await publishKeys(dir, authority, [...readKeys('ES256.json'), ...readKeys('RS256.json')])
  xrootd = await startXrootd({
    dir,
    authority,
    issuers: [{ issuer: keyServer.issuer, basePath: '/' }],
    audience: AUDIENCE,
  })
  fillStore(xrootd)
  writeFileSync(file('upload.txt'), 'from a job\n')
})

afterAll(async () => {
  await xrootd?.stop()
  await keyServer?.stop()
  rmSync(dir, { recursive: true, force: true })
})

function readKeys(name: string): readonly Jwk[] {
  return (JSON.parse(readFileSync(file(name), 'utf8')) as { keys: Jwk[] }).keys
}

interface Kind {
  readonly profile: 'scitoken:2.0' | 'wlcg:1.x'
  readonly alg: 'ES256' | 'RS256'
  readonly read: string
  readonly write: string
}

const SCI = { profile: 'scitoken:2.0', read: 'read', write: 'write' } as const
const WLCG = { profile: 'wlcg:1.x', read: 'storage.read', write: 'storage.modify' } as const
const KINDS: readonly Kind[] = [
  { ...SCI, alg: 'ES256' },
  { ...SCI, alg: 'RS256' },
  { ...WLCG, alg: 'ES256' },
  { ...WLCG, alg: 'RS256' },
]

/** Counts the tokens: each has a file of its own. */
let made = 0

interface Order {
  readonly issuer?: string
  readonly audiences?: readonly string[]
  /** The name of the key's file. */
  readonly key?: string
  readonly lifetime?: number
}

/** Makes a token by `scitokens create`, in a file as clients discover it. */
async function createToken({ profile, alg }: Kind, scopes: readonly string[], order: Order = {}): Promise<string> {
  const { issuer = keyServer.issuer, audiences = [AUDIENCE], key = alg, lifetime = 600 } = order
  const out = file(`bt-${++made}`)
  const args = ['create', '-p', profile, '-i', issuer, '-s', 'ana', '-k', file(`${key}.pem`), '-K', alg, '-o', out]
  const what = [...audiences.flatMap((name) => ['-a', name]), ...scopes.flatMap((scope) => ['--scope', scope])]
  await scitokensOutput([...args, ...what, '--lifetime', String(lifetime)])
  return out
}

interface Answer {
  readonly status: number
  readonly text: string
}

const curl = (tokenFile: string, method: string, path: string, body?: string): Promise<Answer> =>
  curlWith(readFileSync(tokenFile, 'utf8').trim(), method, path, body)

async function curlWith(token: string, method: string, path: string, body?: string): Promise<Answer> {
  const args = ['-sS', '-X', method, '--cacert', authority.certificate, '--path-as-is', '-w', '\n%{http_code}']
  const data = body === undefined ? [] : ['--data-binary', body]
  const depth = method === 'PROPFIND' ? ['-H', 'Depth: 1'] : []
  // The process list is no place for a token.
  const input = `Authorization: Bearer ${token}\n`
  const { stdout } = await run('curl', [...args, '-H', '@-', ...data, ...depth, `${xrootd.https}${path}`], { input })
  const cut = stdout.lastIndexOf('\n')
  return { status: Number(stdout.slice(cut + 1)), text: stdout.slice(0, cut) }
}

/** XRootD's own clients, which find the token by themselves. */
function xrd(program: string, args: readonly string[], tokenFile: string): Promise<Outcome> {
  return run(program, args, {
    env: { X509_CERT_DIR: xrootd.caDir, XrdSecPROTOCOL: 'ztn', BEARER_TOKEN_FILE: tokenFile },
  })
}

const xrdfs = (tokenFile: string, ...args: string[]): Promise<Outcome> =>
  xrd('xrdfs', [xrootd.roots.slice(0, -1), ...args], tokenFile)

/** davix has no discovery in Debian 12: it is given the header. */
function davix(program: string, args: readonly string[], tokenFile: string): Promise<Outcome> {
  const header = `Authorization: Bearer ${readFileSync(tokenFile, 'utf8').trim()}`
  return run(program, ['--capath', xrootd.caDir, '-H', header, ...args])
}

describe.each(KINDS)('a $profile token of the command line, signed $alg, at XRootD:', (kind) => {
  let reader: string
  let writer: string
  let shortLived: string
  beforeAll(async () => {
    shortLived = await createToken(kind, [`${kind.read}:/store`], { lifetime: 1 })
    reader = await createToken(kind, [`${kind.read}:/store`])
    writer = await createToken(kind, [`${kind.read}:/store`, `${kind.write}:/store/ana`])
  })

  test('curl reads, lists and stats; writes and deletes with the right to it', async () => {
    const target = `/store/ana/curl-${kind.alg}-${kind.read}`
    // curl does not look for tokens: `scitokens discover` does it for it, as its help shows.
    const discovered = await scitokensOutput(['discover', '--print'], { env: { BEARER_TOKEN_FILE: reader } })
    expect(await curlWith(discovered, 'GET', '/store/a.txt')).toEqual({ status: 200, text: STORED })
    expect(await curl(reader, 'PROPFIND', '/store/')).toMatchObject({
      status: 207,
      text: expect.stringContaining('a.txt'),
    })
    expect((await curl(reader, 'PUT', target, 'x')).status).toBe(403)
    expect((await curl(writer, 'PUT', target, 'from a job')).status).toBeLessThan(300)
    expect(await curl(writer, 'GET', target)).toEqual({ status: 200, text: 'from a job' })
    expect((await curl(reader, 'DELETE', target)).status).toBe(403)
    expect((await curl(writer, 'DELETE', target)).status).toBeLessThan(300)
    expect(existsSync(join(xrootd.dataDir, target))).toBe(false)
  })

  test('xrdcp and xrdfs discover it: read, list, stat, write, delete', async () => {
    const target = `/store/ana/xrd-${kind.alg}-${kind.read}`
    const copied = await xrd('xrdcp', ['-f', '-s', `${xrootd.roots}/store/a.txt`, '-'], reader)
    expect(copied).toMatchObject({ code: 0, stdout: STORED })
    expect((await xrdfs(reader, 'ls', '/store')).stdout).toContain('/store/a.txt')
    expect((await xrdfs(reader, 'stat', '/store/a.txt')).stdout).toMatch(/Size:\s+20/)
    const upload = ['-f', '-s', file('upload.txt'), `${xrootd.roots}${target}`]
    expect((await xrd('xrdcp', upload, reader)).code).not.toBe(0)
    expect(await xrd('xrdcp', upload, writer)).toMatchObject({ code: 0 })
    expect(readFileSync(join(xrootd.dataDir, target), 'utf8')).toBe('from a job\n')
    expect((await xrdfs(reader, 'rm', target)).code).not.toBe(0)
    expect(await xrdfs(writer, 'rm', target)).toMatchObject({ code: 0 })
    expect(existsSync(join(xrootd.dataDir, target))).toBe(false)
  })

  test('davix reads, lists, writes, deletes', async () => {
    const target = `/store/ana/davix-${kind.alg}-${kind.read}`
    expect(await davix('davix-get', [`${xrootd.https}/store/a.txt`], reader)).toMatchObject({
      code: 0,
      stdout: STORED,
    })
    expect((await davix('davix-ls', [`${xrootd.https}/store`], reader)).stdout).toContain('a.txt')
    expect((await davix('davix-put', [file('upload.txt'), `${xrootd.https}${target}`], reader)).code).not.toBe(0)
    expect(await davix('davix-put', [file('upload.txt'), `${xrootd.https}${target}`], writer)).toMatchObject({
      code: 0,
    })
    expect(readFileSync(join(xrootd.dataDir, target), 'utf8')).toBe('from a job\n')
    expect((await davix('davix-rm', [`${xrootd.https}${target}`], reader)).code).not.toBe(0)
    expect(await davix('davix-rm', [`${xrootd.https}${target}`], writer)).toMatchObject({ code: 0 })
    expect(existsSync(join(xrootd.dataDir, target))).toBe(false)
  })

  test('it is refused elsewhere, by every client', async () => {
    expect((await curl(reader, 'GET', '/private/b.txt')).status).toBe(403)
    expect((await curl(writer, 'PUT', '/store/other.txt', 'x')).status).toBe(403)
    expect((await curl(writer, 'DELETE', '/store/a.txt')).status).toBe(403)
    const refused = await xrd('xrdcp', ['-f', '-s', `${xrootd.roots}/private/b.txt`, '-'], reader)
    expect(refused).toMatchObject({ stdout: '', stderr: expect.stringContaining('permission denied') })
    expect((await xrdfs(reader, 'ls', '/private')).stdout).not.toContain('b.txt')
    expect((await davix('davix-get', [`${xrootd.https}/private/b.txt`], reader)).code).not.toBe(0)
  })

  test('for another server, of another issuer, signed with another key, and once expired it is refused', async () => {
    const read = async (order: Order): Promise<number> => {
      const { status } = await curl(await createToken(kind, [`${kind.read}:/store`], order), 'GET', '/store/a.txt')
      return status
    }
    expect(await read({ audiences: [AUDIENCE, 'https://elsewhere.test'] })).toBe(200)
    expect(await read({ audiences: ['https://elsewhere.test'] })).toBe(403)
    expect(await read({ issuer: `${keyServer.issuer}/other` })).toBe(403)
    expect(await read({ key: `stranger-${kind.alg}` })).toBe(403)
    // It has not been shown yet: XRootD would remember for a minute that it was good.
    await sleep(Math.max(0, expiryOf(shortLived) * 1000 - Date.now()))
    expect((await curl(shortLived, 'GET', '/store/a.txt')).status).toBe(403)
  })
})

function expiryOf(tokenFile: string): number {
  return decodeUnverified(readFileSync(tokenFile, 'utf8').trim()).getUnverified('exp') as number
}

test('without a token, or with one that cannot be a token, XRootD lets nobody in', async () => {
  expect((await curlWith('nonsense', 'GET', '/store/a.txt')).status).toBe(403)
  const nothing = file('no-such-token')
  expect((await xrd('xrdcp', ['-f', '-s', `${xrootd.roots}/store/a.txt`, '-'], nothing)).code).not.toBe(0)
  // And discovery says so before anything is sent: nothing found.
  expect(await scitokens(['discover', '--print'], { env: { BEARER_TOKEN_FILE: nothing } })).toMatchObject({
    stdout: '',
  })
})
