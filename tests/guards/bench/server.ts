// One server in a process of its own: `node server.ts express|fastify guarded|plain`. Says where it listens, and which tokens it
// accepts, as one line of JSON; answers each line on standard input with the processor time it has used, in microseconds.
import type { AddressInfo } from 'node:net'
import { createTestIssuer } from '@scitokens/core/testing'
import * as guardExpress from '@scitokens/express-middleware'
import * as guardFastify from '@scitokens/fastify-plugin'
import express from 'express'
import Fastify from 'fastify'

const [framework, kind] = process.argv.slice(2)
const guarded = kind === 'guarded'
const vo = await createTestIssuer({ clock: Object.assign(() => Date.now() / 1000, { advance() {}, set() {} }) })
const trust = { issuers: vo.issuer, audience: 'https://data.example', keys: vo.keys }
const tokens = await Promise.all(
  Array.from({ length: 100 }, (_, n) =>
    vo.sign(
      { sub: `user-${n}`, aud: trust.audience, scope: `read:/store write:/store/user/user-${n}` },
      { lifetime: 3600 },
    ),
  ),
)

async function startExpress(): Promise<string> {
  const app = express()
  if (guarded) app.use(guardExpress.scitokens({ ...trust, handleErrors: true }))
  const guard = guarded ? [guardExpress.requireScope('read')] : []
  app.get('/store/*path', ...guard, (_request, response) => void response.json({ events: 125 }))
  const server = app.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function startFastify(): Promise<string> {
  const app = Fastify()
  if (guarded) await app.register(guardFastify.scitokens, { ...trust, handleErrors: true })
  const guard = guarded ? { onRequest: guardFastify.requireScope('read') } : {}
  app.get('/store/*', guard, async () => ({ events: 125 }))
  return app.listen({ port: 0, host: '127.0.0.1' })
}

const url = await (framework === 'express' ? startExpress() : startFastify())
console.log(JSON.stringify({ url, tokens }))
process.stdin.on('data', () => {
  const { user, system } = process.cpuUsage()
  console.log(JSON.stringify({ cpu: user + system }))
})
process.stdin.on('end', () => process.exit())
