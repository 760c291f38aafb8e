import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createStorageApp } from '@scitokens-examples/express-storage/app'
import { FileStorage } from '@scitokens-examples/express-storage/storage'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createAuthority, signServerCertificate } from '../src/certificates.ts'
import { AUDIENCE, FILES, makeToken, matrix, type MatrixRequest } from '../src/matrix.ts'
import { requirePrograms, run } from '../src/programs.ts'
import { startStaticIssuer, type StaticIssuer } from '../src/static-issuer.ts'
import { startXrootd, type Xrootd } from '../src/xrootd/server.ts'

let dir: string
let ca: string
let issuer: StaticIssuer
let xrootd: Xrootd
let ours: { url: string; stop(): Promise<void> }

beforeAll(async () => {
  requirePrograms({ xrootd: 'xrootd-server', curl: 'curl', openssl: 'openssl' })
  dir = mkdtempSync(join(tmpdir(), 'scitokens-side-by-side-'))
  chmodSync(dir, 0o755)
  const authority = createAuthority(dir)
  ca = authority.certificate
  issuer = await startStaticIssuer(dir, authority)
  const issuers = [{ issuer: issuer.issuer, basePath: '/' }]
  xrootd = await startXrootd({ dir, authority, issuers, audience: AUDIENCE })
  fill(xrootd.dataDir)
  ours = await startOurs(authority)
})

afterAll(async () => {
  await ours?.stop()
  await xrootd?.stop()
  await issuer?.stop()
  if (dir) rmSync(dir, { recursive: true, force: true })
})

/** Puts the same files into a server's directory, owned by whoever owns that. */
function fill(root: string): void {
  const { uid, gid } = statSync(root)
  mkdirSync(join(root, 'store/ana'), { recursive: true })
  for (const file of FILES) {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), `${file}\n`)
    for (const path of [file, dirname(file), dirname(dirname(file))]) chownSync(join(root, path), uid, gid)
  }
}

async function startOurs(authority: ReturnType<typeof createAuthority>): Promise<typeof ours> {
  const storage = await FileStorage.open({ root: join(dir, 'ours') })
  fill(storage.root)
  const service = createStorageApp({
    storage,
    issuers: issuer.issuer,
    audience: AUDIENCE,
    keyCache: { ca: readFileSync(authority.certificate, 'utf8'), cacheDir: join(dir, 'ours-cache') },
  })
  const certificate = signServerCertificate(dir, 'ours', authority)
  const tls = { cert: readFileSync(certificate.certificate), key: readFileSync(certificate.key) }
  const server = createServer(tls, service.app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
      await service.close()
    },
  }
}

async function ask(url: string, { method, path, body }: MatrixRequest, token: string | undefined): Promise<number> {
  const args = ['-sS', '-o', '/dev/null', '-w', '%{http_code}', '--cacert', ca, '--path-as-is', '-X', method]
  const header = token === undefined ? [] : ['-H', '@-']
  const data = body === undefined ? [] : ['--data-binary', body]
  const depth = method === 'PROPFIND' ? ['-H', 'Depth: 1'] : []
  const input = token === undefined ? '' : `Authorization: Bearer ${token}\n`
  const { stdout, stderr } = await run('curl', [...args, ...header, ...data, ...depth, url + path], { input })
  expect(stdout, stderr).toMatch(/^[1-5]\d\d$/)
  return Number(stdout)
}

/** What a status says about the decision: servers word the same decision differently. */
function decision(status: number): string {
  if (status === 404) return 'nothing there'
  return status < 300 ? 'allowed' : 'refused'
}

interface Row {
  readonly id: string
  readonly xrootd: string
  readonly ours: string
}

/** The table of differences in docs/interop.md: `| id | XRootD | ours | why |`. */
function documentedDifferences(): Row[] {
  const text = readFileSync(join(import.meta.dirname, '../../../docs/interop.md'), 'utf8')
  const rows = [...text.matchAll(/^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm)]
  for (const [, id, , , why] of rows) expect(why!.trim().length, `${id} needs an explanation`).toBeGreaterThan(10)
  return rows.map(([, id, theirs, our]) => ({ id: id!, xrootd: theirs!.trim(), ours: our!.trim() }))
}

test('XRootD and our storage decide alike, but for the differences that docs/interop.md explains', async () => {
  const requests = matrix()
  expect(requests.length).toBeGreaterThan(100)
  const differences: Row[] = []
  for (const request of requests) {
    // oxlint-disable no-await-in-loop -- requests write: in order, so that each finds what it should
    const token = request.token && (await makeToken(request.token, issuer))
    const row = {
      id: request.id,
      xrootd: decision(await ask(xrootd.https, request, token)),
      ours: decision(await ask(ours.url, request, token)),
    }
    // oxlint-enable no-await-in-loop
    if (row.xrootd !== row.ours) differences.push(row)
  }
  expect(differences).toEqual(documentedDifferences())
})
