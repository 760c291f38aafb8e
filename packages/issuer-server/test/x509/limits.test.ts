import { needing } from '@scitokens-tests/programs'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { join } from 'node:path'
import { silentLogger } from '@scitokens/core/internal'
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest'
import { serveIssuer } from '../../src/serve.ts'
import { freePort } from '../served.ts'
import { type Files, OpenSsl } from '@scitokens-tests/programs/openssl'

const { test } = needing('openssl')

let ssl: OpenSsl
let server: Files
let ana: Files
let ben: Files

beforeAll(() => {
  ssl = new OpenSsl()
  server = ssl.person('localhost', 'server')
  ana = ssl.person('Ana')
  ben = ssl.person('Ben')
  const rules = [ana, ben].map(({ subject }) => ({
    match: `dn:${encodeURIComponent(subject)}`,
    scopes: ['read:/store'],
  }))
  writeFileSync(join(ssl.directory, 'rules.json'), JSON.stringify({ rules }))
})
afterAll(() => ssl?.remove())

/** Runs an issuer with these limits; answers how it answers one who comes from one address with a certificate. */
async function start(
  rateLimit: string,
  frontEnd = '',
): Promise<(who: Files | string, times?: number) => Promise<number[]>> {
  const port = await freePort()
  const path = join(ssl.directory, `issuer-${port}.yaml`)
  writeFileSync(
    path,
    `issuer: https://localhost:${port}
listen: { port: ${port}, tls: { certificate: ${server.certificate}, key: ${server.key} } }
operations: false
storage: { file: ":memory:" }
rateLimit: ${rateLimit}
x509: { rules: ${join(ssl.directory, 'rules.json')}, authorities: ${ssl.certificates}, audiences: [a]${frontEnd} }
`,
  )
  const env = { SECRET: 'a-secret-between-front-end-and-issuer' }
  const served = await serveIssuer(path, { env, logger: silentLogger })
  onTestFinished(() => served.stop())
  const ask = async (who: Files | string): Promise<number> => {
    const shown =
      typeof who === 'string'
        ? { headers: { 'x-dn': who, 'x-front-end-secret': env.SECRET } }
        : { cert: readFileSync(who.all), key: readFileSync(who.key) }
    const sent = request({
      host: 'localhost',
      port,
      path: '/token',
      method: 'POST',
      agent: false,
      ca: readFileSync(ssl.authority.certificate),
      ...shown,
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...('headers' in shown ? shown.headers : {}) },
    }).end('grant_type=client_credentials')
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    await response.toArray()
    return response.statusCode!
  }
  return async (who, times = 1) => {
    const statuses: number[] = []
    // oxlint-disable-next-line no-await-in-loop -- counted one after the other
    for (let i = 0; i < times; i++) statuses.push(await ask(who))
    return statuses
  }
}

test('of two people at one address one cannot use up what the other may ask', async () => {
  const ask = await start('{ perClient: 2 }')
  expect(await ask(ana, 3)).toEqual([200, 200, 429])
  expect(await ask(ben, 3)).toEqual([200, 200, 429])
})

test('nor can one behind a front end, which tells who they are', async () => {
  const ask = await start('{ perClient: 2 }', ', frontEnd: { secret: { env: SECRET }, dnHeader: x-dn }')
  expect(await ask(ana.subject, 3)).toEqual([200, 200, 429])
  expect(await ask(ben.subject, 3)).toEqual([200, 200, 429])
})

test('a person has the limit of a person, with however many proxies', async () => {
  const ask = await start('{ perUser: 2 }')
  expect(await ask(ana)).toEqual([200])
  expect(await ask(ssl.proxy(ana))).toEqual([200])
  expect(await ask(ssl.proxy(ana))).toEqual([429])
  expect(await ask(ben)).toEqual([200])
})
