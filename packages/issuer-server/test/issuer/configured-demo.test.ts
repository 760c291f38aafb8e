import { silentLogger } from '@scitokens/core/internal'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { text as readText } from 'node:stream/consumers'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { checkIssuerConfig, serveIssuer } from '../../src/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'scitokens-demo-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
function configFile(text: string): string {
  const file = join(folder, `issuer-${files++}.yaml`)
  writeFileSync(file, text)
  return file
}

const BASE = `issuer: https://vo.example
storage: { file: ':memory:' }
operations: false
listen: { port: 0 }
`
const DEMO = `demo:
  issuer: https://demo.vo.example
  keysFile: ${join(folder, 'keys.json')}
`

interface Answer {
  readonly status: number
  readonly body: string
}

function ask(address: string, host: string, path: string, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request(`${address}${path}`, { headers: { host }, method }, (answer) => {
      readText(answer).then((body) => resolve({ status: answer.statusCode!, body }), reject)
    })
      .on('error', reject)
      .end()
  })
}

describe('a demonstration in the configuration of an issuer', () => {
  test('is not there unless it is named', async () => {
    const served = await serveIssuer(configFile(BASE), { env: {}, logger: silentLogger })
    onTestFinished(() => served.stop())
    for (const path of ['/issue', '/samples', '/settings.json']) {
      // oxlint-disable-next-line no-await-in-loop -- three small requests
      expect((await ask(served.address, 'vo.example', path)).status).toBe(404)
    }
  })

  test('answers its own host with its own keys, and the issuer answers every other', async () => {
    const served = await serveIssuer(configFile(BASE + DEMO), { env: {}, logger: silentLogger })
    onTestFinished(() => served.stop())
    const issuerAt = async (host: string): Promise<string> => {
      const { body } = await ask(served.address, host, '/.well-known/openid-configuration')
      return (JSON.parse(body) as { issuer: string }).issuer
    }
    expect(await issuerAt('demo.vo.example')).toBe('https://demo.vo.example')
    expect(await issuerAt('vo.example')).toBe('https://vo.example')
    expect((await ask(served.address, 'demo.vo.example', '/issue')).body.split('.')).toHaveLength(3)
    const published = (await ask(served.address, 'vo.example', '/jwks')).body
    const { body } = await ask(served.address, 'demo.vo.example', '/oauth2/certs')
    for (const { kid } of (JSON.parse(body) as { keys: { kid: string }[] }).keys) expect(published).not.toContain(kid)
  })

  test('uses nothing up of what an address may ask of the issuer, nor the other way round', async () => {
    const limits = 'rateLimit: { perAddress: 2 }\n'
    const text = BASE + DEMO + '  perAddress: 3\n' + limits
    const served = await serveIssuer(configFile(text), { env: {}, logger: silentLogger })
    onTestFinished(() => served.stop())
    const statuses = async (host: string, path: string, count: number): Promise<number[]> => {
      const found: number[] = []
      // oxlint-disable-next-line no-await-in-loop -- counted one after the other
      for (let i = 0; i < count; i++) found.push((await ask(served.address, host, path, 'POST')).status)
      return found
    }
    expect(await statuses('demo.vo.example', '/issue', 4)).toEqual([400, 400, 400, 429])
    expect(await statuses('vo.example', '/token', 3)).toEqual([400, 400, 429])
    expect(await statuses('demo.vo.example', '/oauth2/token', 1)).toEqual([429])
  })

  test('lends its name to no endpoint or page of the issuer', async () => {
    const served = await serveIssuer(configFile(BASE + DEMO), { env: {}, logger: silentLogger })
    onTestFinished(() => served.stop())
    for (const host of ['Demo.VO.example', 'demo.vo.example:443', 'demo.vo.example.']) {
      // oxlint-disable-next-line no-await-in-loop -- three small requests
      expect((await ask(served.address, host, '/jwks')).status, host).toBe(404)
    }
    for (const [path, method] of [
      ['/token', 'POST'],
      ['/jwks', 'GET'],
      ['/introspect', 'POST'],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop -- three small requests
      expect((await ask(served.address, 'demo.vo.example', path, method)).status, path).toBe(404)
      // oxlint-disable-next-line no-await-in-loop -- as above
      expect((await ask(served.address, 'vo.example', path, method)).status, path).not.toBe(404)
      // oxlint-disable-next-line no-await-in-loop -- as above
      expect((await ask(served.address, 'vo.example', '/issue')).status).toBe(404)
    }
  })

  test.each([
    [
      'the host name of the issuer',
      'demo: { issuer: "https://vo.example/demo" }',
      /demo\.issuer: must have a host name/,
    ],
    ['it on another port', 'demo: { issuer: "https://vo.example:8443" }', /demo\.issuer: must have a host name/],
    ['it with a dot at its end', 'demo: { issuer: "https://VO.example." }', /demo\.issuer: must have a host name/],
    ['no TLS', 'demo: { issuer: "http://demo.example" }', /:5: demo\.issuer: /],
    ['a life without end', 'demo: { issuer: "https://d.example", maxLifetime: 99999999 }', /demo\.maxLifetime: /],
    ['an unknown key', 'demo: { issuer: "https://d.example", signer: x }', /demo\.signer: is not a key/],
    [
      'a client that believes it',
      `${DEMO}clients:
  - clientId: grid
    grants: ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    jwks: { keys: [] }
    assertions: [{ issuer: "https://demo.vo.example" }]`,
      /demo\.issuer: the client grid believes/,
    ],
  ])('with %s is refused before anything listens', async (_, block, message) => {
    const file = configFile(`${BASE}${block}\n`)
    const surroundings = { env: {}, logger: silentLogger }
    await expect(serveIssuer(file, surroundings)).rejects.toThrow(message)
    await expect(checkIssuerConfig(file, surroundings)).rejects.toMatchObject({ family: 'config' })
  })
})
