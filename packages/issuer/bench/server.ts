// One server per process, so that each has a core and a heap of its own: `node bench/server.ts KIND [POSTGRES-URL | FILE]`.
// Says where it listens on stdout, as JSON; answers a line on stdin with its memory in bytes.
import { generateKeyPairSync, createHash, randomUUID, sign, timingSafeEqual } from 'node:crypto'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import Fastify from 'fastify'
import { Provider } from 'oidc-provider'
import { openIssuer, FileAudit } from '@scitokens/issuer'
import { EXCHANGE, SECRET } from './client.ts'

const [kind, database] = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'scitokens-bench-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
const isPostgres = database?.startsWith('postgres:') ?? false
const file = isPostgres || database === undefined ? join(folder, 'issuer.db') : database

/** The issuer as an operator runs it, but for the limits, which are the server's: audit to a file, SQLite or PostgreSQL. */
async function issuer(algorithm: 'ES256' | 'RS256' = 'ES256'): Promise<string> {
  const running = await openIssuer({
    issuer: 'https://issuer.example',
    clients: [
      {
        clientId: 'robot',
        clientSecret: SECRET,
        algorithm,
        grants: ['client_credentials', EXCHANGE, 'refresh_token'],
        scopes: ['read:/store', 'write:/store/user/{sub}'],
        audiences: ['https://se.example.org'],
        exchange: { refresh: true },
      },
    ],
    storage: isPostgres ? { postgres: database!, maxConnections: 10 } : { file },
    masterKey: { value: new Uint8Array(32).fill(1) },
    audit: await FileAudit.open(join(folder, 'audit.jsonl')),
  })
  const app = Fastify()
  await app.register(running.plugin)
  return `${await app.listen({ host: '127.0.0.1', port: 0 })}/token`
}

/** The general OpenID provider with the same grant, key type and claims. */
async function oidcProvider(): Promise<string> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const resource = {
    scope: 'read write',
    accessTokenFormat: 'jwt',
    jwt: { sign: { alg: 'ES256' } },
    audience: 'https://se.example.org',
  } as const
  const provider = new Provider('https://issuer.example', {
    clients: [
      {
        client_id: 'robot',
        client_secret: SECRET,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' }] as never },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => 'https://se.example.org',
        getResourceServerInfo: () => resource,
        useGrantedResource: () => true,
      },
    },
    ttl: { ClientCredentials: () => 3600 },
  })
  provider.proxy = true
  const handle = provider.callback()
  const server = createServer((request, response) => void handle(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as { port: number }).port}/token`
}

/** What a bare handler does: it compares a hash, signs with node:crypto and replies. No policy, no audit, no limits. */
function bareHandler(): (authorization: string, form: URLSearchParams) => object | undefined {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  // As fast as node:crypto can: at once, with the option on the key itself.
  const signer = Object.assign(privateKey, { dsaEncoding: 'ieee-p1363' as const })
  const expected = createHash('sha256').update(`robot:${SECRET}`).digest()
  const header = Buffer.from(JSON.stringify({ alg: 'ES256', typ: 'JWT', kid: 'k1' })).toString('base64url')
  return (authorization, form) => {
    const shown = Buffer.from(authorization.slice(6), 'base64')
    if (!timingSafeEqual(createHash('sha256').update(shown).digest(), expected)) return undefined
    const now = Math.floor(Date.now() / 1000)
    const scope = form.get('scope')
    const claims = {
      ver: 'scitoken:2.0',
      iss: 'https://issuer.example',
      sub: 'robot',
      aud: 'https://se.example.org',
      jti: randomUUID(),
      scope,
      iat: now - 60,
      nbf: now - 60,
      exp: now + 3600,
    }
    const text = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`
    const signature = sign('sha256', Buffer.from(text), signer)
    return { access_token: `${text}.${signature.toString('base64url')}`, token_type: 'Bearer', expires_in: 3600, scope }
  }
}

/** The ceiling with Fastify. */
async function bare(): Promise<string> {
  const handle = bareHandler()
  const app = Fastify()
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
    done(null, new URLSearchParams(body as string)),
  )
  app.post('/token', async (request, reply) => {
    const answer = handle(request.headers.authorization!, request.body as URLSearchParams)
    return answer ?? reply.code(401).send()
  })
  return `${await app.listen({ host: '127.0.0.1', port: 0 })}/token`
}

/** The ceiling with Node's own server, and what of it is left when nothing is done at all. */
async function withoutFramework(handle: (authorization: string, form: URLSearchParams) => object | undefined) {
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
    request.on('end', () => {
      const answer = handle(request.headers.authorization!, new URLSearchParams(text))
      const body = JSON.stringify(answer ?? {})
      response.writeHead(answer ? 200 : 401, { 'content-type': 'application/json', 'content-length': body.length })
      response.end(body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as { port: number }).port}/token`
}

const KINDS: Record<string, () => Promise<string>> = {
  issuer: () => issuer(),
  'issuer with RS256': () => issuer('RS256'),
  'oidc-provider': oidcProvider,
  bare,
  'bare without a framework': () => withoutFramework(bareHandler()),
  nothing: () => withoutFramework(() => ({ access_token: 'x'.repeat(500), token_type: 'Bearer', expires_in: 3600 })),
}
/** Processor time of this process so far, in seconds. */
function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

const url = await KINDS[kind!]!()
process.stdout.write(`${JSON.stringify({ url })}\n`)
createInterface(process.stdin).on('line', (line) => {
  const collect = line === 'collect'
  if (collect) globalThis.gc?.()
  const size = kind!.startsWith('issuer') && !isPostgres ? statSync(file).size : 0
  process.stdout.write(
    `${JSON.stringify({ rss: process.memoryUsage.rss(), heap: process.memoryUsage().heapUsed, size, cpu: cpuSeconds() })}\n`,
  )
})
process.stdin.on('end', () => process.exit(0))
