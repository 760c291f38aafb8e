import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { OAuthClient } from '../../src/index.ts'

const REFRESH = 'opaque-refresh-token-0123456789'
const SECRET = 'opaque-client-secret-0123456789'
const wanted = { scopes: [], audience: [] }

/** What is told, to whoever prints the error with all that hangs on it, when an issuer answers this to whatever it is sent. */
async function toldWhen(status: number, answer: string, type = 'application/json'): Promise<string> {
  const server = createServer((_, response) => {
    response.writeHead(status, { 'content-type': type }).end(answer)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const oauth = new OAuthClient({ dangerouslyAllowLoopbackHttp: true })
  const identity = { issuer, clientId: 'c', clientSecret: SECRET, tokenEndpoint: `${issuer}/token` }
  const refused = async (asking: Promise<unknown>): Promise<string> =>
    asking.then(
      () => expect.unreachable('it should be refused'),
      (error: unknown) => inspect(error, { depth: 20 }),
    )
  return [
    await refused(oauth.refresh(identity, REFRESH, wanted)),
    await refused(oauth.exchange(identity, REFRESH, wanted)),
  ].join()
}

test.each([
  [400, { error: 'invalid_grant', error_description: `no such token: ${REFRESH} of ${SECRET}` }],
  [400, { error: REFRESH }],
  [401, { error: 'invalid_client', error_description: `${SECRET} is wrong` }],
  // Answers that make no sense, with tokens in them: the OAuth library hangs all of an answer on its error.
  [200, { access_token: 5, refresh_token: REFRESH, token_type: 'bearer' }],
  [200, { access_token: SECRET, token_type: 5, refresh_token: REFRESH }],
  [200, { access_token: SECRET, token_type: 'bearer', expires_in: 'never', refresh_token: REFRESH }],
  [200, [REFRESH]],
  [418, { access_token: REFRESH }],
])('what an issuer repeats of the secrets that it was sent is told nobody: %i %j', async (status, answer) => {
  const told = await toldWhen(status, JSON.stringify(answer))
  expect(told).not.toContain(REFRESH)
  expect(told).not.toContain(SECRET)
})

test('nor where the answer is no JSON', async () => {
  for (const type of ['application/json', 'text/html']) {
    // oxlint-disable-next-line no-await-in-loop -- one issuer after the other
    expect(await toldWhen(200, `<p>${REFRESH}</p>`, type)).not.toContain(REFRESH)
  }
})
