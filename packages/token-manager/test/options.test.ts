import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ManagerServer } from '../src/daemon/manager-server.ts'
import { afterAll, describe, expect, test } from 'vitest'
import {
  Credmon,
  findGridCredential,
  loginByBrowser,
  loginByDevice,
  loginPerson,
  OAuthClient,
  Renewer,
  requestTokenByCertificate,
  startDaemon,
  TokenManager,
} from '../src/index.ts'

// What a misspelt name would have closed is open: each public constructor and function refuses it before it does anything.

const directory = mkdtempSync(join(tmpdir(), 'token-manager-options-'))
const manager = await TokenManager.open({ stateDirectory: join(directory, 'own') })
afterAll(() => {
  manager.close()
  rmSync(directory, { recursive: true })
})
const ana = { owner: 'ana', service: 'vo' }
const oauth = new OAuthClient()
const identity = { issuer: 'https://vo.example', clientId: 'submit' }
const wanted = { scopes: [], audience: [] }
const login = { ...ana, ...wanted, issuer: 'https://vo.example', flow: () => Promise.reject(new Error('unused')) }
const credential = { file: '/x', certificate: 'x', key: 'x' }
const server = { socketDirectory: join(directory, 'run'), accounts: async () => undefined }

/** Options in plain JavaScript. */
type Loose = never

const calls: Record<string, readonly [call: (options: Loose) => unknown, sound: object, wrong: readonly object[]]> = {
  'TokenManager.open': [
    (options) => TokenManager.open(options),
    { stateDirectory: join(directory, 'state') },
    [{ keyfile: '/key' }, { clock: 0 }, { oauth: {} }, { stateDirectory: undefined }, { random: 0.5 }],
  ],
  'TokenManager.enrol': [
    (options) => manager.enrol(options),
    { ...ana, ...identity, secret: 'x' },
    [{ scope: ['read:/'] }, { scopes: 'read:/' }, { kind: 'refresh' }, { narrowing: 'none' }, { clientId: undefined }],
  ],
  'TokenManager.accessToken': [
    (options) => manager.accessToken(options),
    ana,
    [{ audiences: [] }, { minLifetime: '60' }, { signal: true }, { owner: undefined }, { handle: null }],
  ],
  'TokenManager.deliver': [
    (options) => manager.deliver(options),
    { ...ana, file: join(directory, 'token') },
    [{ mode: 0o600 }, { uid: -1 }, { gid: 1.5 }, { format: 'text' }, { file: undefined }],
  ],
  OAuthClient: [(options) => new OAuthClient(options), {}, [{ ca: '/x' }, { fetch: 'fetch' }, { clock: 1 }]],
  Renewer: [
    (options) => new Renewer(manager, options),
    {},
    [{ concurrency: 0 }, { tickMs: Number.NaN }, { onevent: () => {} }, { onGrant: true }],
  ],
  ManagerServer: [
    (options) => new ManagerServer(manager, options),
    server,
    [{ queueManagers: ['condor'] }, { idleMs: 0 }, { accounts: undefined }, { idle: 1 }],
  ],
  startDaemon: [
    (options) => startDaemon(manager, options),
    { ...server, stateDirectory: directory },
    [{ renewer: { concurency: 1 } }, { maxConnections: 0 }, { stateDirectory: undefined }, { socket: '/x' }],
  ],
  Credmon: [
    (options) => new Credmon(manager, options),
    { directory },
    [
      { directory: undefined },
      { format: 'jwt' },
      { providers: { vo: { ...identity, client_secret: 'x' } } },
      { sweepDelay: -1 },
    ],
  ],
  loginByBrowser: [
    (options) => loginByBrowser(oauth, identity, wanted, options),
    { open: () => {} },
    [{ port: 65_536 }, { timeout: 1 }, { open: undefined }],
  ],
  loginByDevice: [
    (options) => loginByDevice(oauth, identity, wanted, options),
    { prompt: () => {} },
    [{ prompt: 'stdout' }, { patience: 1 }, { prompt: undefined }],
  ],
  loginPerson: [
    (options) => loginPerson(manager, options),
    login,
    [{ flow: undefined }, { scope: 'read:/' }, { issuer: undefined }],
  ],
  findGridCredential: [
    (options) => findGridCredential(options),
    { env: {}, now: 0 },
    [{ cert: '/x' }, { now: undefined }, { env: undefined }, { uid: 'ana' }],
  ],
  requestTokenByCertificate: [
    (options) => requestTokenByCertificate(options),
    { issuer: 'https://vo.example', credential },
    [{ scope: 'read:/' }, { lifetime: 0 }, { issuer: undefined }, { credential: { ...credential, pass: 'x' } }],
  ],
}

describe.each(Object.entries(calls))('%s', (_, [call, sound, wrong]) => {
  test.each(wrong)('refuses %o', async (options) => {
    await expect(async () => await call({ ...sound, ...options } as Loose)).rejects.toMatchObject({
      code: 'config_error',
    })
  })

  test('refuses what is no object', async () => {
    await expect(async () => await call([] as Loose)).rejects.toMatchObject({ code: 'config_error' })
  })
})

test('a misspelt name is answered with the nearest known one', () => {
  expect(() => new Renewer(manager, { concurency: 1 } as never)).toThrow('did you mean concurrency?')
})
