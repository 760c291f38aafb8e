// What docs/operate-a-vo.md says about logins, with an independent OpenID provider in the place of the site's.
import { silentLogger } from '@scitokens/core/internal'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Provider } from 'oidc-provider'
import { expect, onTestFinished, test } from 'vitest'
import { ClientAdmin } from '@scitokens/issuer'
import { serveIssuer } from '../src/serve.ts'

import { WebBrowser } from '@scitokens-tests/programs/web-browser'
import { freePort, SECRET, temporaryDirectory } from './served.ts'

const GUIDE = join(import.meta.dirname, '../../../docs/operate-a-vo.md')
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'

/** The part of the file that the guide adds for people. */
async function configurationOfGuide(): Promise<string> {
  const [, added] = /^\$ cat >> vo\/issuer\.yaml <<'END'\n((?:> .*\n)+?)> END$/m.exec(await readFile(GUIDE, 'utf8'))!
  return added!.replaceAll(/^> /gm, '')
}

async function startProvider(redirect: string): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://localhost:${(server.address() as AddressInfo).port}`
  const provider = new Provider(url, {
    clients: [{ client_id: 'vo-issuer', client_secret: SECRET, redirect_uris: [redirect] }],
    claims: { openid: ['sub'], profile: ['name', 'groups'] },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, groups: ['/vo/production'] }) }),
    conformIdTokenClaims: false,
    cookies: { keys: ['test'] },
  })
  const handle = provider.callback()
  server.on('request', (request, response) => void handle(request, response))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return url
}

test('a member logs in at the provider for a device, and gets what the rules of the guide give', async () => {
  const dir = await temporaryDirectory()
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const provider = await startProvider(`${url}/login`)
  await writeFile(join(dir, 'idp'), `${SECRET}\n`, { mode: 0o600 })
  const more = (await configurationOfGuide())
    .replace('https://idp.example.org', provider)
    .replace('vo/secrets/idp', join(dir, 'idp'))
  const path = join(dir, 'issuer.yaml')
  await writeFile(
    path,
    `issuer: ${url}
dangerouslyAllowLoopbackHttp: true
listen: { port: ${port} }
operations: false
storage: { file: ${join(dir, 'issuer.sqlite')} }
deviceIntervalSeconds: 1
${more}`,
  )
  const served = await serveIssuer(path, { env: {}, logger: silentLogger })
  onTestFinished(() => served.stop())
  const grants = ['authorization_code', DEVICE, 'refresh_token'] as const
  const audiences = ['https://storage.example.org']
  const redirectUris = ['http://127.0.0.1/callback']
  await new ClientAdmin(served.issuer.realms[0]!).add('submit', { grants, redirectUris, audiences }, { public: true })

  const post = async (place: string, fields: Record<string, string>): Promise<Record<string, string>> => {
    const reply = await fetch(`${url}${place}`, {
      method: 'POST',
      body: new URLSearchParams({ client_id: 'submit', ...fields }),
    })
    return (await reply.json()) as Record<string, string>
  }
  const scope = 'read:/store/run1 write:/store/user/ana write:/store/run1 write:/elsewhere'
  const begun = await post('/device_authorization', { scope })
  const browser = new WebBrowser()
  const login = await browser.open(begun['verification_uri_complete']!)
  expect(login.url.origin).toBe(provider)
  const consent = await browser.submit(login, { prompt: 'login', login: 'ana', password: 'any' })
  const device = await browser.submit(consent, { prompt: 'consent' })
  const question = await browser.submit(device, { user_code: begun['user_code']! })
  const done = await browser.submit(question, { answer: 'allow' })
  expect([done.status, done.url.origin]).toEqual([200, url])

  const answer = await post('/token', { grant_type: DEVICE, device_code: begun['device_code']! })
  // The group of the provider has made `write:/store/run1` possible; nothing makes the last one possible.
  expect(answer['scope']!.split(' ').toSorted()).toEqual([
    'read:/store/run1',
    'write:/store/run1',
    'write:/store/user/ana',
  ])
  const refreshed = await post('/token', { grant_type: 'refresh_token', refresh_token: answer['refresh_token']! })
  expect(refreshed['scope']).toBe(answer['scope'])
})
