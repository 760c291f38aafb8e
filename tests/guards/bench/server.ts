// One server in a process of its own: `node server.ts express|fastify json|file plain|empty|least|guarded`. Says where it listens, and which
// tokens it accepts, as one line of JSON; answers each line on standard input with the processor time it has used, in microseconds.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import { parseScopePath } from '@scitokens/core'
import { createTestIssuer } from '@scitokens/core/testing'
import * as guardExpress from '@scitokens/express-middleware'
import * as guardFastify from '@scitokens/fastify-plugin'
import express, { type RequestHandler } from 'express'
import Fastify from 'fastify'
import { leastGuard } from './least-guard.ts'

const LIFETIME_SECONDS = 3600
const FILE_BYTES = 4096

const [framework, content, kind] = process.argv.slice(2)
const vo = await createTestIssuer({ clock: Object.assign(() => Date.now() / 1000, { advance() {}, set() {} }) })
const trust = { issuers: vo.issuer, audience: 'https://data.example', keys: vo.keys }
const tokens = await Promise.all(
  Array.from({ length: 100 }, (_, n) =>
    vo.sign(
      { sub: `user-${n}`, aud: trust.audience, scope: `read:/store write:/store/user/user-${n}` },
      { lifetime: LIFETIME_SECONDS },
    ),
  ),
)
const least = leastGuard(
  new Map(tokens.map((token) => [token, Date.now() + LIFETIME_SECONDS * 1000])),
  parseScopePath('/store'),
)

const root = mkdtempSync(join(tmpdir(), 'scitokens-guards-'))
process.on('exit', () => rmSync(root, { recursive: true, force: true }))
mkdirSync(join(root, 'store', 'run-1'), { recursive: true })
writeFileSync(join(root, 'store', 'run-1', 'data.root'), Buffer.alloc(FILE_BYTES, 'event'))

async function startExpress(): Promise<string> {
  const app = express()
  if (kind === 'guarded') app.use(guardExpress.scitokens({ ...trust, handleErrors: true }))
  if (kind === 'empty') app.use((_request, _response, next) => next())
  if (kind === 'least') {
    app.use((request, _response, next) => {
      least.authenticate(request)
      next()
    })
  }
  const guards: Readonly<Record<string, RequestHandler>> = {
    empty: (_request, _response, next) => next(),
    least(request, _response, next) {
      least.authorize(request)
      next()
    },
    guarded: guardExpress.requireScope('read'),
  }
  const guard = kind === 'plain' ? [] : [guards[kind!]!]
  if (content === 'json') app.get('/store/*path', ...guard, (_request, response) => void response.json({ events: 125 }))
  else app.use(...guard, express.static(root))
  const server = app.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function startFastify(): Promise<string> {
  const app = Fastify()
  if (kind === 'guarded') await app.register(guardFastify.scitokens, { ...trust, handleErrors: true })
  if (kind === 'empty') app.addHook('onRequest', (_request, _reply, done) => done())
  if (kind === 'least') {
    app.addHook('onRequest', (request, _reply, done) => {
      least.authenticate(request.raw)
      done()
    })
  }
  const guards: Readonly<Record<string, guardFastify.GuardHook>> = {
    empty: (_request, _reply, done) => done(),
    least(request, _reply, done) {
      least.authorize(request.raw)
      done()
    },
    guarded: guardFastify.requireScope('read'),
  }
  const guard = kind === 'plain' ? {} : { onRequest: guards[kind!]! }
  if (content === 'json') app.get('/store/*', guard, async () => ({ events: 125 }))
  else {
    if ('onRequest' in guard) app.addHook('onRequest', guard.onRequest)
    await app.register(fastifyStatic, { root })
  }
  return app.listen({ port: 0, host: '127.0.0.1' })
}

const url = await (framework === 'express' ? startExpress() : startFastify())
console.log(JSON.stringify({ url, tokens }))
process.stdin.on('data', () => {
  const { user, system } = process.cpuUsage()
  console.log(JSON.stringify({ cpu: user + system }))
})
process.stdin.on('end', () => process.exit())
