// One server per process, so that each has a core and a heap of its own: `node bench/server.ts KIND [DATABASE]`.
// Says where it listens on stdout, as JSON; answers a line on stdin with its memory in bytes.
import { generateKeyPairSync, createHash, randomUUID, sign, timingSafeEqual } from 'node:crypto'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import Fastify from 'fastify'
import { Provider } from 'oidc-provider'
import { createIssuer, FileAudit } from '@scitokens/issuer'
import { limitRate } from '../src/operation/rate-limit.ts'
import { readRateLimits } from '../src/operation/rate-limits.ts'
import { EXCHANGE, SECRET } from './client.ts'

const [kind, database] = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'scitokens-bench-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
const file = join(folder, 'issuer.db')

/** The issuer as an operator runs it: audit to a file, limits on (and never reached), SQLite or PostgreSQL. */
async function issuer(): Promise<string> {
  const running = await createIssuer({
    issuer: 'https://issuer.example',
    clients: [
      {
        clientId: 'robot',
        clientSecret: SECRET,
        grants: ['client_credentials', EXCHANGE, 'refresh_token'],
        scopes: ['read:/store', 'write:/store/user/{sub}'],
        audiences: ['https://se.example.org'],
        exchange: { refresh: true },
      },
    ],
    storage: database ? { postgres: database, maxConnections: 10 } : { file },
    masterKey: database ? { value: new Uint8Array(32).fill(1) } : { file: `${file}.key`, create: true },
    audit: await FileAudit.open(join(folder, 'audit.jsonl')),
  })
  const app = Fastify()
  await limitRate(app, () => readRateLimits({ perAddress: 1e9, perClient: 1e9 }))
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

/** The ceiling: a Fastify handler that compares a hash, signs with node:crypto and replies. No policy, no audit, no limits. */
async function bare(): Promise<string> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const app = Fastify()
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
    done(null, new URLSearchParams(body as string)),
  )
  // As fast as node:crypto can: at once, with the option on the key itself.
  const signer = Object.assign(privateKey, { dsaEncoding: 'ieee-p1363' as const })
  const expected = createHash('sha256').update(`robot:${SECRET}`).digest()
  const header = Buffer.from(JSON.stringify({ alg: 'ES256', typ: 'JWT', kid: 'k1' })).toString('base64url')
  app.post('/token', async (request, reply) => {
    const shown = Buffer.from(request.headers.authorization!.slice(6), 'base64')
    if (!timingSafeEqual(createHash('sha256').update(shown).digest(), expected)) return reply.code(401).send()
    const now = Math.floor(Date.now() / 1000)
    const scope = (request.body as URLSearchParams).get('scope')
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
  })
  return `${await app.listen({ host: '127.0.0.1', port: 0 })}/token`
}

const KINDS: Record<string, () => Promise<string>> = { issuer, 'oidc-provider': oidcProvider, bare }
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
  const size = kind === 'issuer' && !database ? statSync(file).size : 0
  process.stdout.write(
    `${JSON.stringify({ rss: process.memoryUsage.rss(), heap: process.memoryUsage().heapUsed, size, cpu: cpuSeconds() })}\n`,
  )
})
process.stdin.on('end', () => process.exit(0))
