import { needing, pathOf } from '@scitokens-tests/programs'
import { spawn } from '@scitokens-tests/programs/processes'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { afterAll, beforeAll, expect, vi } from 'vitest'
import { serveIssuer, type ServedIssuer } from '../../src/serve.ts'
import { type Files, OpenSsl } from '@scitokens-tests/programs/openssl'
import { freePort, TestLog } from '../served.ts'

const { describe, test } = needing('nginx', 'openssl')

let ssl: OpenSsl
let ana: Files
let server: Files
let served: ServedIssuer
let port: number
let stopNginx: () => Promise<unknown>

/** The blocks of docs/x509.md, with this test's own files and ports. */
function documented(language: string, replacements: readonly (readonly [string, string])[]): string {
  const page = readFileSync(join(import.meta.dirname, '../../../../docs/x509.md'), 'utf8')
  const blocks = [...page.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].filter(([, name]) => name === language)
  let text = blocks[0]![2]!
  for (const [shown, here] of replacements) {
    expect(text).toContain(shown)
    text = text.replaceAll(shown, here)
  }
  return text
}

beforeAll(async () => {
  ssl = new OpenSsl()
  server = ssl.person('localhost', 'server')
  ana = ssl.person('Ana')
  const { directory } = ssl
  const socket = join(directory, 'issuer.sock')
  const rules = join(directory, 'rules.json')
  writeFileSync(rules, JSON.stringify({ rules: [{ match: `dn:${ana.subject}`, scopes: ['read:/store'] }] }))
  port = await freePort()
  const path = join(directory, 'issuer.yaml')
  writeFileSync(
    path,
    `issuer: https://localhost:${port}/vo
operations: false
storage: { file: ":memory:" }
audit: { file: ${join(directory, 'audit.jsonl')} }
${documented('yaml', [
  ['/run/scitokens/issuer.sock', socket],
  ['/etc/grid-security/certificates', ssl.certificates],
  ['/etc/scitokens/rules.json', rules],
])}`,
  )
  served = await serveIssuer(path, { env: {}, logger: new TestLog() })
  const configuration = join(directory, 'nginx.conf')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${directory}/${name};`,
  )
  writeFileSync(
    configuration,
    `daemon off; master_process off; pid ${directory}/nginx.pid; error_log ${directory}/error.log;
events {}
http {
  access_log off;
  ${temporary.join(' ')}
  ${documented('nginx', [
    ['listen 443 ssl', `listen 127.0.0.1:${port} ssl`],
    ['/etc/grid-security/hostcert.pem', server.certificate],
    ['/etc/grid-security/hostkey.pem', server.key],
    ['/run/scitokens/issuer.sock', socket],
  ])}
}
`,
  )
  const nginx = spawn(pathOf('nginx'), ['-p', directory, '-c', configuration], { stdio: 'ignore' })
  const ended = once(nginx, 'close')
  stopNginx = () => {
    nginx.kill('SIGKILL')
    return ended
  }
  await vi.waitFor(async () => expect((await ask()).status).toBe(401), { timeout: 60_000, interval: 50 })
}, 90_000)
afterAll(async () => {
  await stopNginx?.()
  await served?.stop()
  ssl?.remove()
})

async function ask(
  who?: Files,
  headers: Record<string, string> = {},
): Promise<{ status: number | undefined; body: string }> {
  const sent = request({
    host: '127.0.0.1',
    port,
    servername: 'localhost',
    path: '/vo/token',
    method: 'POST',
    agent: false,
    localAddress: '127.0.0.2',
    ca: readFileSync(ssl.authority.certificate),
    headers: { host: `localhost:${port}`, 'content-type': 'application/x-www-form-urlencoded', ...headers },
    ...(who ? { cert: readFileSync(who.all), key: readFileSync(who.key) } : {}),
  })
  sent.end('grant_type=client_credentials')
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const body = Buffer.concat((await response.toArray()) as Buffer[]).toString()
  return { status: response.statusCode, body }
}

describe('with nginx before it', () => {
  test('nginx as documented tells the certificate over a Unix socket, and it is judged here', async () => {
    const { status, body } = await ask(ana)
    expect(status, body).toBe(200)
    expect(JSON.parse(body)).toMatchObject({ scope: 'read:/store' })
    const audit = readFileSync(join(ssl.directory, 'audit.jsonl'), 'utf8').trim().split('\n')
    expect(JSON.parse(audit.at(-1)!)).toMatchObject({
      event: 'token_issued',
      subject: ana.subject,
      address: '127.0.0.2',
    })
    const ben = ssl.person('Ben')
    ssl.revoke(ben)
    expect(await ask(ben)).toMatchObject({ status: 401, body: expect.stringContaining('(revoked)') })
  })

  test('what the world sends in the header of the front end does not reach the issuer', async () => {
    const header = { 'x-ssl-client-cert': encodeURIComponent(readFileSync(ana.certificate, 'utf8')) }
    expect(await ask(undefined, header)).toMatchObject({
      status: 401,
      body: expect.stringContaining('client authentication failed'),
    })
  })

  test('a proxy gets no token that way: nginx forwards no chain', async () => {
    const { status } = await ask(ssl.proxy(ana))
    expect([400, 401]).toContain(status)
  })

  test('a socket that a dead process left is used again, one that somebody listens on is not', async () => {
    const path = join(ssl.directory, 'issuer.yaml')
    await expect(serveIssuer(path, { env: {}, logger: new TestLog() })).rejects.toThrow(
      /cannot listen on the socket .*: EADDRINUSE/,
    )
    expect((await ask(ana)).status).toBe(200)
    // A process that is killed removes nothing.
    const left = join(ssl.directory, 'left.sock')
    const child = spawn(process.execPath, [
      '-e',
      `require('node:net').createServer().listen(${JSON.stringify(left)}, () => process.kill(process.pid, 'SIGKILL'))`,
    ])
    await once(child, 'close')
    expect(existsSync(left)).toBe(true)
    const other = join(ssl.directory, 'other.yaml')
    writeFileSync(other, readFileSync(path, 'utf8').replace(/socket: \S+/, `socket: ${left}`))
    const again = await serveIssuer(other, { env: {}, logger: new TestLog() })
    await again.stop()
  })
})
