import { silentLogger } from '@scitokens/core/internal'
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { z } from 'zod'
import { loginBlock } from '../../src/config/login-block.ts'
import { parseConfig } from '../../src/config/config-file.ts'
import { resolveSecret } from '../../src/issuer/secret-reference.ts'
import { checkIssuerConfig, explainConfiguredPolicy, openConfiguredIssuer } from '../../src/issuer/configured-issuer.ts'
import { serveIssuer } from '../../src/serve.ts'
import type { ConfigFile } from '../../src/config/config-schema.ts'
import type { RealmOptions } from '@scitokens/issuer'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'issuer-config-'))
})
afterAll(() => rm(dir, { recursive: true }))

const SMALLEST = 'issuer: https://vo.example\nstorage:\n  file: /var/lib/issuer.sqlite\n'

describe('a configuration file', () => {
  test('is YAML, or JSON, which is YAML too', () => {
    expect(parseConfig(SMALLEST, 'issuer.yaml').config.issuer).toBe('https://vo.example')
    const json = '{"issuer": "https://vo.example", "storage": {"file": "x"}}'
    expect(parseConfig(json, 'issuer.json').config.storage).toEqual({ file: 'x' })
  })

  test.each([
    [
      'an unknown key',
      `${SMALLEST}lifetme: 60\n`,
      'issuer.yaml:4: lifetme: is not a key of this configuration: did you mean lifetime?',
    ],
    [
      'an unknown key of a client',
      `${SMALLEST}clients:\n  - clientId: a\n    scope: [read:/]\n`,
      'issuer.yaml:6: clients[0].scope: is not a key of this configuration: did you mean scopes?',
    ],
    [
      'an unknown key of one of several ways to log in',
      `${SMALLEST}login:\n  header:\n    subjectheader: x-user\n`,
      'issuer.yaml:6: login.header.subjectheader: is not a key of this configuration: did you mean subjectHeader?',
    ],
    [
      'a value of the wrong type',
      `${SMALLEST}lifetime: soon\n`,
      'issuer.yaml:4: lifetime: expected number, received string',
    ],
    ['a duration of zero', `${SMALLEST}lifetime: 0\n`, /^issuer\.yaml:4: lifetime: /],
    ['a key that is there twice', `${SMALLEST}issuer: https://b.example\n`, /^issuer\.yaml:4: .*unique/],
    ['text that is no YAML', 'issuer: [\n', /^issuer\.yaml:2: /],
    ['no storage', 'issuer: https://vo.example\n', /^issuer\.yaml:1: storage: /],
    ['no issuer', 'storage: { file: x }\n', /name one issuer, or several under realms/],
    ['an issuer beside realms', `${SMALLEST}realms: []\n`, /and not both/],
    [
      'a secret in plain text',
      `${SMALLEST}clients:\n  - clientId: a\n    clientSecret: swordfish\n`,
      /^issuer\.yaml:6: clients\[0\]\.clientSecret: /,
    ],
    ['an alias, which could grow without end', `${SMALLEST}policy: &a\n  rules: *a\n`, /^issuer\.yaml/],
  ])('refuses %s, naming file, line and key', (_, text, message) => {
    expect(() => parseConfig(text, 'issuer.yaml')).toThrow(
      expect.objectContaining({ code: 'config_error', family: 'config' }),
    )
    expect(() => parseConfig(text, 'issuer.yaml')).toThrow(message)
  })

  test('never repeats a secret that was written where only a reference may stand', () => {
    const text = `${SMALLEST}clients:\n  - clientId: a\n    clientSecret: swordfish\n`
    expect(() => parseConfig(text, 'issuer.yaml')).not.toThrow(/swordfish/)
  })

  test.each([
    [
      'a template that no scope can be',
      'clients:\n  - clientId: a\n    scopes:\n      - read:/..\n',
      /:4: clients\[0\]\.scopes|:[4-7]: clients\[0\]\.scopes/,
    ],
    ['a lifetime over the limit', 'clients:\n  - clientId: a\n    lifetime: 999999\n', /:6: clients\[0\]\.lifetime: /],
    [
      'keys that sign for a shorter time than they are published ahead',
      'keys:\n  signingSeconds: 5\n',
      /:5: keys\.signingSeconds: /,
    ],
    [
      'a TLS key that is not there',
      'listen:\n  tls: { certificate: /none.pem, key: /none.pem }\n',
      /:5: listen\.tls\.certificate: .*ENOENT/,
    ],
  ])('names the line of %s, which only the issuer itself can judge', async (_, more, message) => {
    const path = join(dir, 'issuer.yaml')
    await writeFile(path, SMALLEST + more)
    await expect(checkIssuerConfig(path, { env: {}, logger: silentLogger })).rejects.toThrow(message)
    await expect(checkIssuerConfig(path, { env: {}, logger: silentLogger })).rejects.toMatchObject({ family: 'config' })
  })

  test('is accepted by the check without its database being touched', async () => {
    const path = join(dir, 'good.yaml')
    await writeFile(path, 'issuer: https://vo.example\nstorage:\n  file: /does/not/exist/issuer.sqlite\n')
    const config = await checkIssuerConfig(path, { env: {}, logger: silentLogger })
    expect(config.storage).toEqual({ file: '/does/not/exist/issuer.sqlite' })
  })

  test('is checked with a remark where people may come to have the subject of somebody else', async () => {
    const path = join(dir, 'claim.yaml')
    const login =
      'login:\n  openid: { issuer: https://idp.example, clientId: vo, clientSecret: { env: SECRET }, subjectClaim: nickname }\n'
    await writeFile(path, SMALLEST + login)
    const warned: string[] = []
    const logger = { ...silentLogger, warn: (_: object, message: string) => warned.push(message) }
    await checkIssuerConfig(path, { env: { SECRET: 'a-generated-secret-of-enough-length' }, logger })
    expect(warned).toEqual([expect.stringContaining('login.openid.subjectClaim is nickname')])
  })

  test('that is not there is told in one sentence', async () => {
    const missing = join(dir, 'missing.yaml')
    await expect(checkIssuerConfig(missing, { env: {}, logger: silentLogger })).rejects.toThrow(
      `the configuration file ${missing} cannot be read (ENOENT)`,
    )
  })
})

/** Every option of an issuer, once; the compiler says when one is added. */
const EVERY_OPTION: Record<keyof Omit<RealmOptions, 'issuer' | 'keyProvider'>, string> = {
  clients: '[{ clientId: a, jwks: { keys: [] } }]',
  policy: '{ rules: [{ scopes: [read:/] }], capabilitySets: { /vo/x: { scopes: [read:/] } }, optionalGroups: [/vo] }',
  profile: 'wlcg:1.x',
  wlcgVersion: '"1.0"',
  algorithms: '[RS256]',
  lifetime: '60',
  maxLifetime: '3600',
  backdate: '0',
  refresh: '{ rotate: false, graceSeconds: 0 }',
  codeSeconds: '1',
  deviceCodeSeconds: '1',
  deviceIntervalSeconds: '1',
  idTokenSeconds: '1',
  sessionSeconds: '1',
  loginSeconds: '1',
  pageSeconds: '1',
  wrongCodes: '1',
  wrongCodeSeconds: '1',
  login: '{ header: { subjectHeader: x-remote-user, secret: { env: SECRET } } }',
  registration: '{ initialAccessTokens: [{ env: SECRET }], perAddressPerHour: 1 }',
  x509: '{ rules: RULES, frontEnd: { secret: { env: SECRET }, dnHeader: x-client-dn } }',
  keys: '{ publishAheadSeconds: 1, signingSeconds: 2, retainSeconds: 3 }',
  metadataMaxAgeSeconds: '1',
  jwksMaxAgeSeconds: '1',
  scopesSupported: '[openid]',
  openapi: 'false',
}

test('every option of an issuer can stand in the file', async () => {
  const path = join(dir, 'every.yaml')
  const rules = join(dir, 'rules.json')
  await writeFile(rules, '{"rules": []}')
  const lines = Object.entries(EVERY_OPTION).map(([name, value]) => `${name}: ${value.replace('RULES', rules)}\n`)
  await writeFile(path, SMALLEST + lines.join(''))
  const env = { SECRET: 'a-generated-secret-of-enough-length' }
  const config = await checkIssuerConfig(path, { env, logger: silentLogger })
  expect(Object.keys(config).toSorted()).toEqual([...Object.keys(EVERY_OPTION), 'issuer', 'storage'].toSorted())
})

/** Every key of the file beside those of an issuer; the compiler says when one is added. */
const EVERY_KEY: Record<keyof Omit<ConfigFile, keyof RealmOptions>, string> = {
  realms: '[]',
  listen: '{ host: "::1", port: 1, trustedProxies: [10.0.0.0/8], drainSeconds: 1 }',
  operations: '{ host: "::1", port: 0 }',
  storage: '{ file: x, busyTimeoutMs: 1 }',
  masterKey: '{ env: SECRET }',
  audit: '{ file: x, sync: true }',
  rateLimit: '{ perAddress: 1, perClient: 1, perUser: 1, addresses: { "::/0": 1 }, clients: { a: 1 } }',
  logLevel: 'debug',
  maintenanceIntervalMs: '1',
  maxBodyBytes: '1',
  acceptMultipart: 'true',
  demo: '{}',
  dangerouslyAllowLoopbackHttp: 'false',
}

test('every key of the file is described in docs/issuer.md', async () => {
  const page = await readFile(join(import.meta.dirname, '../../../../docs/issuer.md'), 'utf8')
  const keys = [
    ...Object.keys(EVERY_OPTION),
    ...Object.keys(EVERY_KEY),
    ...'perAddress perClient perUser addresses clients'.split(' '),
  ]
  expect(keys.filter((key) => !page.includes(`\`${key}`))).toEqual([])
})

test('every key of login.openid and login.header has a row in docs/issuer.md, and no other has', async () => {
  const page = await readFile(join(import.meta.dirname, '../../../../docs/issuer.md'), 'utf8')
  const rowsAfter = (sentence: string): string[] => {
    const table = page.slice(page.indexOf(sentence)).split('\n\n')[1] ?? ''
    const cells = table.split('\n').map((line) => line.split('|')[1] ?? '')
    return cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name!))
  }
  const blocks = (loginBlock as unknown as z.ZodUnion<z.ZodObject[]>).options.map(({ shape }) => shape)
  const keysOf = (kind: string): string[] => {
    const block = blocks.find((shape) => kind in shape)![kind] as z.ZodObject
    return Object.keys(block.shape).toSorted()
  }
  expect(rowsAfter('After `openid`:').toSorted()).toEqual(keysOf('openid'))
  expect(rowsAfter('After `header`:').toSorted()).toEqual(keysOf('header'))
})

test('every key of the server can stand in the file', () => {
  const { realms: _, demo: _demo, ...one } = EVERY_KEY
  const lines = Object.entries(one).map(([key, value]) => `${key}: ${value}\n`)
  const { config } = parseConfig(`issuer: https://vo.example\n${lines.join('')}`, 'issuer.yaml')
  expect(Object.keys(config).toSorted()).toEqual([...Object.keys(one), 'issuer'].toSorted())
})

describe('a secret', () => {
  test('comes from the environment or from a file, without the white space at its end', async () => {
    const file = join(dir, 'secret')
    await writeFile(file, 'swordfish\n', { mode: 0o600 })
    expect(await resolveSecret({ file }, 'clients[0].clientSecret', {})).toBe('swordfish')
    expect(await resolveSecret({ env: 'SECRET' }, 'clients[0].clientSecret', { SECRET: 'swordfish' })).toBe('swordfish')
  })

  test('that others may read is refused', async () => {
    const file = join(dir, 'loose')
    await writeFile(file, 'swordfish\n')
    await chmod(file, 0o644)
    await expect(resolveSecret({ file }, 'masterKey', {})).rejects.toThrow(
      /^masterKey: the file .* can be read by others: chmod 600 it/,
    )
  })

  test('that is mounted is read: behind links, with the mode 0400, in a directory that others can write', async () => {
    const volume = join(dir, 'volume')
    await mkdir(join(volume, '..data'), { recursive: true })
    await chmod(volume, 0o777)
    await writeFile(join(volume, '..data', 'robot'), 'swordfish\n', { mode: 0o400 })
    await symlink('..data/robot', join(volume, 'robot'))
    expect(await resolveSecret({ file: join(volume, 'robot') }, 'masterKey', {})).toBe('swordfish')
  })

  test('that is no file, or larger than a secret is, is refused', async () => {
    await expect(resolveSecret({ file: dir }, 'masterKey', {})).rejects.toThrow(/^masterKey: .*is not a regular file/)
    const file = join(dir, 'large')
    await writeFile(file, 'x'.repeat(65_537), { mode: 0o600 })
    await expect(resolveSecret({ file }, 'masterKey', {})).rejects.toThrow(/^masterKey: .*is larger than 65536 bytes/)
  })

  test.each([
    ['is not set', { env: 'NO_SUCH' }, {}, /NO_SUCH is not set/],
    ['is empty', { env: 'EMPTY' }, { EMPTY: ' ' }, /EMPTY is empty/],
    ['is not there', { file: '/none' }, {}, /"\/none" cannot be read: there is none/],
  ] as const)('that %s is told without its value', async (_, reference, env, message) => {
    await expect(resolveSecret(reference, 'masterKey', env)).rejects.toThrow(message)
  })
})

test('what is asked with an option that nobody knows is refused before the file is looked at', async () => {
  const options = { env: {}, logger: silentLogger, enviroment: {} }
  const path = join(dir, 'none-at-all.yaml')
  const refusal = /there is no option "enviroment"/
  await expect(serveIssuer(path, options)).rejects.toThrow(refusal)
  await expect(openConfiguredIssuer(path, options)).rejects.toThrow(refusal)
  await expect(checkIssuerConfig(path, options)).rejects.toThrow(refusal)
  await expect(explainConfiguredPolicy(path, { client: 'a' } as never, options)).rejects.toThrow(refusal)
})
