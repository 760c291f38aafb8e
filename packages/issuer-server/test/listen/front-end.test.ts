import { silentLogger } from '@scitokens/core/internal'
import { needing, pathOf } from '@scitokens-tests/programs'
import { type ChildProcess, spawn, spawnSync } from '@scitokens-tests/programs/processes'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished } from 'vitest'
import { type ServedIssuer, serveIssuer } from '../../src/serve.ts'
import { selfSigned } from '../self-signed.ts'
import { freePort, ROBOT, SECRET, temporaryDirectory } from '../served.ts'

const { describe, test } = needing('nginx', 'openssl')

const SITE = join(import.meta.dirname, '../../../../deploy/nginx/issuer.conf')

let dir: string
let inner: number
let outer: number
let certificate: string

beforeEach(async () => {
  dir = await temporaryDirectory()
  ;[inner, outer] = [await freePort(), await freePort()]
  const made = selfSigned(dir)
  certificate = made.certificate
  writeFileSync(join(dir, 'tls.pem'), made.certificate)
  writeFileSync(join(dir, 'tls.key'), made.key, { mode: 0o600 })
})

/** Runs an issuer at https://127.0.0.1:outer that itself listens where `listen` says. */
async function start(listen: string): Promise<ServedIssuer> {
  const path = join(dir, 'issuer.yaml')
  await writeFile(
    path,
    `issuer: https://127.0.0.1:${outer}
listen: ${listen}
operations: false
storage: { file: ${join(dir, 'issuer.sqlite')} }
audit: { file: ${join(dir, 'audit.jsonl')} }
${ROBOT}`,
  )
  const served = await serveIssuer(path, { env: { ROBOT_SECRET: SECRET }, logger: silentLogger })
  onTestFinished(() => served.stop())
  return served
}

/** Runs the example of deploy/ with the ports and files of this test. */
async function startNginx(): Promise<ChildProcess> {
  const site = readFileSync(SITE, 'utf8')
    .replace('server 127.0.0.1:8080', `server 127.0.0.1:${inner}`)
    .replace('listen 443 ssl', `listen 127.0.0.1:${outer} ssl`)
    .replace('    listen [::]:443 ssl;\n', '')
    .replace('/etc/ssl/certs/vo.example.org.pem', join(dir, 'tls.pem'))
    .replace('/etc/ssl/private/vo.example.org.key', join(dir, 'tls.key'))
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${dir}/${kind};`,
  )
  writeFileSync(join(dir, 'site.conf'), site)
  writeFileSync(
    join(dir, 'nginx.conf'),
    `daemon off; master_process off; pid ${dir}/pid; error_log stderr; events {}
http { ${temporary.join(' ')} include ${dir}/site.conf; }\n`,
  )
  const place = ['-p', dir, '-c', join(dir, 'nginx.conf')]
  expect(spawnSync(pathOf('nginx'), ['-t', ...place], { encoding: 'utf8' }).stderr).toContain('test is successful')
  const nginx = spawn(pathOf('nginx'), place, { stdio: 'ignore' })
  onTestFinished(async () => {
    nginx.kill('SIGTERM')
    await once(nginx, 'exit')
  })
  await expect
    .poll(
      () =>
        get('/jwks').then(
          ({ status }) => status,
          () => 0,
        ),
      { timeout: 60_000 },
    )
    .toBe(200)
  return nginx
}

interface Answer {
  readonly status: number | undefined
  readonly body: string
}

function ask(path: string, options: object, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      `https://127.0.0.1:${outer}${path}`,
      { ca: certificate, agent: false, ...options },
      (reply) => {
        let text = ''
        reply.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
        reply.on('end', () => resolve({ status: reply.statusCode, body: text }))
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}

const get = (path: string): Promise<Answer> => ask(path, {})
const FORM = {
  authorization: `Basic ${btoa(`robot:${SECRET}`)}`,
  'content-type': 'application/x-www-form-urlencoded',
}
const askToken = (headers: object = {}): Promise<Answer> =>
  ask('/token', { method: 'POST', headers: { ...FORM, ...headers } }, 'grant_type=client_credentials')

/** Addresses in the audit so far. */
const addresses = async (): Promise<unknown[]> =>
  (await readFile(join(dir, 'audit.jsonl'), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { address?: string }).address)

const direct = (headers: Record<string, string>): Promise<Response> =>
  fetch(`http://127.0.0.1:${inner}/token`, {
    method: 'POST',
    headers: { ...FORM, ...headers },
    body: 'grant_type=client_credentials',
  })

describe('TLS', () => {
  test('is done by the issuer itself, from version 1.2 on', async () => {
    await start(`{ port: ${outer}, tls: { certificate: ${dir}/tls.pem, key: ${dir}/tls.key } }`)
    expect((await askToken()).status).toBe(200)
    expect(JSON.parse((await get('/.well-known/openid-configuration')).body)).toMatchObject({
      issuer: `https://127.0.0.1:${outer}`,
      token_endpoint: `https://127.0.0.1:${outer}/token`,
    })
    await expect(ask('/jwks', { maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' })).rejects.toThrow(
      /version|protocol/i,
    )
  })

  test('is done by nginx with the example of deploy/, and what a client says of its address counts for nothing', async () => {
    await start(`{ port: ${inner}, trustedProxies: [127.0.0.1] }`)
    await startNginx()
    expect((await askToken({ 'x-forwarded-for': '203.0.113.9' })).status).toBe(200)
    expect(await addresses()).toEqual(['127.0.0.1'])
    const metadata = JSON.parse((await get('/.well-known/oauth-authorization-server')).body) as {
      token_endpoint: string
    }
    expect(metadata.token_endpoint).toBe(`https://127.0.0.1:${outer}/token`)
  })
})

describe('X-Forwarded-For', () => {
  test('is believed of a trusted proxy', async () => {
    await start(`{ port: ${inner}, trustedProxies: [127.0.0.0/8] }`)
    await direct({ 'x-forwarded-for': '203.0.113.9' })
    expect(await addresses()).toEqual(['203.0.113.9'])
  })

  test.each(['{ port: PORT }', '{ port: PORT, trustedProxies: [192.0.2.1] }'])(
    'is believed of nobody else: %s',
    async (listen) => {
      await start(listen.replace('PORT', String(inner)))
      await direct({ 'x-forwarded-for': '203.0.113.9' })
      expect(await addresses()).toEqual(['127.0.0.1'])
    },
  )
})
