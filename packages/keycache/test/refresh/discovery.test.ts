import { expect, test } from 'vitest'
import { metadataUrls } from '../../src/refresh/discovery.ts'
import { cacheForTest, issuerForTest } from '../fixture.ts'
import { JWKS, METADATA, sendJson } from '../issuer-server.ts'

const OAUTH = '/.well-known/oauth-authorization-server'

test('places are asked in the order OpenID suffix, RFC 8414 inserted, RFC 8414 suffix', () => {
  expect(metadataUrls('https://i.example/vo/dune')).toEqual([
    'https://i.example/vo/dune/.well-known/openid-configuration',
    'https://i.example/.well-known/oauth-authorization-server/vo/dune',
    'https://i.example/vo/dune/.well-known/oauth-authorization-server',
  ])
})

test('a terminating slash is taken off before the well-known part, and equal places are asked once', () => {
  expect(metadataUrls('https://i.example/')).toEqual([
    'https://i.example/.well-known/openid-configuration',
    'https://i.example/.well-known/oauth-authorization-server',
  ])
})

test('an issuer that only serves the inserted form is found', async () => {
  const server = await issuerForTest({ path: '/vo' })
  server.on(`/vo${METADATA}`, (_, response) => response.writeHead(404).end())
  server.on(`${OAUTH}/vo`, (_, response) => sendJson(response, { issuer: server.issuer, jwks_uri: server.jwksUri }))
  await cacheForTest(server).load(server.issuer)
  expect(server.requests).toEqual([`/vo${METADATA}`, `${OAUTH}/vo`, JWKS])
})

test('an issuer that only serves the suffix form is found', async () => {
  const server = await issuerForTest({ path: '/vo' })
  server.on(`/vo${METADATA}`, (_, response) => response.writeHead(410).end())
  server.on(`/vo${OAUTH}`, (_, response) => sendJson(response, { issuer: server.issuer, jwks_uri: server.jwksUri }))
  await cacheForTest(server).load(server.issuer)
  expect(server.requests).toEqual([`/vo${METADATA}`, `${OAUTH}/vo`, `/vo${OAUTH}`, JWKS])
})

test.each([500, 502, 503, 204, 201, 304, 408, 429])('status %i does not lead on to the next place', async (status) => {
  const server = await issuerForTest()
  server.on(METADATA, (_, response) => response.writeHead(status).end())
  server.on(OAUTH, (_, response) => sendJson(response, { issuer: server.issuer, jwks_uri: server.jwksUri }))
  await expect(cacheForTest(server).load(server.issuer)).rejects.toMatchObject({ family: 'undecided' })
  expect(server.requests).toEqual([METADATA])
})

test('an issuer without metadata anywhere is told as such, with every place', async () => {
  const server = await issuerForTest()
  server.on(METADATA, (_, response) => response.writeHead(404).end())
  const failure = await cacheForTest(server)
    .load(server.issuer)
    .catch((error: unknown) => error)
  expect(failure).toMatchObject({ code: 'discovery_failed', issuer: server.issuer })
  expect(String(failure)).toContain(METADATA)
  expect(String(failure)).toContain(OAUTH)
})

test.each(['https://evil.example', '', undefined, 42, null])('metadata of issuer %j is refused', async (published) => {
  const server = await issuerForTest()
  server.on(METADATA, (_, response) => sendJson(response, { issuer: published, jwks_uri: server.jwksUri }))
  await expect(cacheForTest(server).load(server.issuer)).rejects.toMatchObject({ code: 'discovery_failed' })
  expect(server.count(JWKS)).toBe(0)
})

test('a trailing slash more or less in the metadata is refused, and tolerated only by the option', async () => {
  const server = await issuerForTest()
  server.on(METADATA, (_, response) => sendJson(response, { issuer: `${server.issuer}/`, jwks_uri: server.jwksUri }))
  await expect(cacheForTest(server).load(server.issuer)).rejects.toMatchObject({ code: 'discovery_failed' })
  await expect(cacheForTest(server, { tolerateTrailingSlash: true }).load(server.issuer)).resolves.toBeDefined()
})

test('keys may be on another host', async () => {
  const [server, other] = [await issuerForTest(), await issuerForTest()]
  server.on(METADATA, (_, response) => sendJson(response, { issuer: server.issuer, jwks_uri: other.jwksUri }))
  const { keys } = await cacheForTest(server).load(server.issuer)
  expect(keys[0]!.jwk.x).toBe(other.keys[0]!.x)
})

test.each([
  ['http://keys.example/jwks', 'discovery_failed'],
  ['file:///etc/passwd', 'discovery_failed'],
  ['data:application/json,1', 'discovery_failed'],
  ['ftp://keys.example/jwks', 'discovery_failed'],
  ['/jwks', 'discovery_failed'],
  // The URL parser would mend these.
  ['https://keys.example/jw\nks', 'discovery_failed'],
  ['https://keys\t.example/jwks', 'discovery_failed'],
  ['https://keys.example/jwks\r\n', 'discovery_failed'],
  [' https://keys.example/jwks', 'discovery_failed'],
  ['https:\\\\keys.example\\jwks', 'discovery_failed'],
  ['https:keys.example/jwks', 'discovery_failed'],
  ['https:///keys.example/jwks', 'discovery_failed'],
  ['https://keys.example/%zz', 'discovery_failed'],
  ['https://ключи.example/jwks', 'discovery_failed'],
  ['https://user:secret@keys.example/jwks', 'discovery_failed'],
  [undefined, 'discovery_failed'],
  [['https://keys.example/jwks'], 'discovery_failed'],
])('a jwks_uri %j is refused with %s', async (jwksUri, code) => {
  const server = await issuerForTest()
  server.on(METADATA, (_, response) => sendJson(response, { issuer: server.issuer, jwks_uri: jwksUri }))
  await expect(cacheForTest(server).load(server.issuer)).rejects.toMatchObject({ code, family: 'undecided' })
})

test('what an issuer publishes is shown cleaned and shortened', async () => {
  const server = await issuerForTest()
  const published = `https://x.example/\u001b[31m\r\n${'a'.repeat(5000)}`
  server.on(METADATA, (_, response) => sendJson(response, { issuer: published, jwks_uri: server.jwksUri }))
  const failure = (await cacheForTest(server)
    .load(server.issuer)
    .catch((error: unknown) => error)) as Error
  // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
  expect(failure.message).not.toMatch(/[\u0000-\u001f]/)
  expect(failure.message.length).toBeLessThan(500)
})
