import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestIssuer } from '@scitokens/core/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Enforcer } from '../../src/index.ts'
import { readIssuerMap } from '../../src/node/index.ts'

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'scitokens-enforcer-'))
})
afterEach(() => {
  rmSync(directory, { recursive: true })
})

function file(text: string, name = 'scitokens.cfg'): string {
  const path = join(directory, name)
  writeFileSync(path, text)
  return path
}

const FIELD = `# a site's file
[Global]
audience = https://xrd.example:1094, MySite
onmissing = passthrough

[Issuer OSG-Connect]
issuer = https://osg.example/connect
base_path = /stash, /ospool   ; both
map_subject = False
default_user = osg

[Issuer https://cilogon.example/ligo.v1]
issuer = https://cilogon.example/ligo.v1
base_path = /user/ligo
restricted_path = /frames,/data
map_subject = true
groups_claim = entitlements
authorization_strategy = capability mapping
`

test("a file as XRootD's sites have it becomes options of an enforcer", () => {
  expect(readIssuerMap(file(FIELD))).toEqual({
    audience: ['https://xrd.example:1094', 'MySite'],
    onMissing: 'passthrough',
    issuers: {
      'https://osg.example/connect': {
        basePath: ['/stash', '/ospool'],
        mapping: { mapSubject: false, defaultUser: 'osg' },
      },
      'https://cilogon.example/ligo.v1': {
        basePath: ['/user/ligo'],
        restrictedPaths: ['/frames', '/data'],
        groupsClaim: 'entitlements',
        mapping: { mapSubject: true },
      },
    },
  })
})

test('the map is what an enforcer decides by', async () => {
  const issuer = await createTestIssuer({ issuer: 'https://cilogon.example/ligo.v1' })
  const enforcer = new Enforcer({ ...readIssuerMap(file(FIELD)), keys: issuer.keys, clock: issuer.clock })
  const token = await issuer.sign({ aud: 'MySite', sub: 'ana', scope: 'read:/' })
  const ask = (path: string): ReturnType<Enforcer['decide']> => enforcer.decide(token, { authz: 'read', path })
  expect(await ask('/user/ligo/frames/a')).toMatchObject({ allowed: true, user: 'ana' })
  expect(await ask('/user/ligo/private/a')).toMatchObject({ allowed: false, code: 'scope_denied' })
  expect(await ask('/stash/a')).toMatchObject({ allowed: false, code: 'scope_denied' })
})

test('audience_json may have commas and spaces, and goes before audience', () => {
  const text = `[Global]\naudience = a\naudience_json = ["b, c", "d"]\n[Issuer x]\nissuer = https://x.example\nbase_path = /x\n`
  expect(readIssuerMap(file(text)).audience).toEqual(['b, c', 'd'])
  expect(readIssuerMap(file(text.replace('["b, c", "d"]', '"b, c"'))).audience).toEqual(['b, c'])
})

test('a value is text, whatever it looks like: there are no escapes, and no words that mean something else', () => {
  const user = (value: string): unknown =>
    readIssuerMap(file(`${issuerSection}default_user = ${value}\n`)).issuers['https://x.example']?.mapping?.defaultUser
  expect(['true', 'null', '"5"', 'a#b', String.raw`a\b`, '"', 'a ; b', 'a;b'].map(user)).toEqual([
    'true',
    'null',
    '5',
    'a#b',
    String.raw`a\b`,
    '"',
    'a',
    'a;b',
  ])
})

test('of a key that comes twice the last one counts', () => {
  const section = (path: string): string => `[Issuer x]\nissuer = https://x.example\nbase_path = ${path}\n`
  expect(readIssuerMap(file(section('/one') + section('/two'))).issuers).toEqual({
    'https://x.example': { basePath: ['/two'] },
  })
})

test('quotes, a byte order mark and Windows line ends do no harm', () => {
  const text = '\ufeff[Issuer x]\r\nissuer = "https://x.example/a#b"\r\nbase_path = /x\r\n'
  expect(() => readIssuerMap(file(text))).toThrow(/fragment/)
  expect(readIssuerMap(file(text.replace('#b', ''))).issuers).toHaveProperty(['https://x.example/a'])
  expect(readIssuerMap(file(text.replaceAll('"', "'").replace('#b', ''))).issuers).toHaveProperty([
    'https://x.example/a',
  ])
})

const issuerSection = '[Issuer x]\nissuer = https://x.example\nbase_path = /x\n'

test.each([
  [
    'an unknown key',
    `${issuerSection}restricted_paths = /y\n`,
    ':4: restricted_paths: is not known: did you mean restricted_path?',
  ],
  ['an unknown section', `[Isuer x]\n`, ':1: the section "Isuer x"'],
  ['an issuer without base path', '[Issuer x]\nissuer = https://x.example\n', ':1: base_path: is missing'],
  ['an issuer that is no https URL', issuerSection.replace('https', 'http'), ':2: issuer: '],
  ['a base path with dot segments', issuerSection.replace('/x\n', '/x/../y\n'), ':3: base_path: '],
  ['a relative base path', issuerSection.replace('/x\n', 'x\n'), ':3: base_path: '],
  ['a flag that is none', `${issuerSection}map_subject = perhaps\n`, ':4: map_subject: '],
  ['the audience ANY', `[Global]\naudience = ANY\n`, ':2: audience: '],
  ['a bad onmissing', `[Global]\nonmissing = shrug\n`, ':2: onmissing: '],
  ['a bad strategy', `${issuerSection}authorization_strategy = luck\n`, ':4: authorization_strategy: '],
  ['audience_json that is none', `[Global]\naudience_json = [a]\n`, ':2: audience_json: '],
  ['an indented line', `${issuerSection}  restricted_path = /y\n`, ':4: is indented'],
  ['a line that is nothing', `${issuerSection}nonsense\n`, ':4: is neither'],
  ['a key before every section', 'audience = a\n', ':1: audience: stands before'],
  ['two sections for one issuer', issuerSection + issuerSection.replace('r x]', 'r y]'), ':5: issuer: '],
])('%s is an error that names file, line and key', (_what, text, message) => {
  const path = file(text)
  expect(() => readIssuerMap(path)).toThrow(expect.objectContaining({ family: 'config' }))
  expect(() => readIssuerMap(path)).toThrow(`${path}${message}`)
})

test('a file that cannot be read is a wrong configuration', () => {
  expect(() => readIssuerMap(join(directory, 'missing.cfg'))).toThrow(/cannot be read/)
  mkdirSync(join(directory, 'x.json'))
  expect(() => readIssuerMap(join(directory, 'x.json'))).toThrow(expect.objectContaining({ code: 'config_error' }))
})

test('two issuers with one base path are refused by the enforcer, unless it is said', async () => {
  const issuer = await createTestIssuer({ issuer: 'https://x.example' })
  const text = issuerSection + issuerSection.replaceAll('x.example', 'y.example').replace('r x]', 'r y]')
  const map = readIssuerMap(file(text))
  const options = { ...map, keys: issuer.keys, audience: 'a' }
  expect(() => new Enforcer(options)).toThrow(/share the base path "\/x"/)
  expect(() => new Enforcer({ ...options, sharedBasePaths: ['/x'] })).not.toThrow()
})

test('a name map file is read from beside the configuration', async () => {
  file(
    JSON.stringify([
      { sub: 'ana', path: '/home/ana', result: 'ana_local', comment: 'Added 1 Sept' },
      { group: '/cms', result: 'cmsuser', ignore: 'Only for testing' },
      { group: '/cms/prod', result: 'cmsprod' },
    ]),
    'map.json',
  )
  const issuer = await createTestIssuer({ issuer: 'https://x.example' })
  const map = readIssuerMap(file(`${issuerSection}name_mapfile = map.json\ndefault_user = nobody\n`))
  const enforcer = new Enforcer({ ...map, keys: issuer.keys, audience: 'a', clock: issuer.clock })
  const user = async (claims: object, path: string): Promise<string | undefined> => {
    const decision = await enforcer.decide(await issuer.sign({ aud: 'a', scope: 'read:/', ...claims }), {
      authz: 'read',
      path,
    })
    return decision.allowed ? decision.user : decision.reason
  }
  expect(await user({ sub: 'ana' }, '/x/home/ana/f')).toBe('ana_local')
  expect(await user({ sub: 'ana' }, '/x/home/anabel')).toBe('nobody')
  expect(await user({ sub: 'bob', 'wlcg.groups': ['/cms/prod'] }, '/x/home')).toBe('cmsprod')
  expect(await user({ sub: 'bob', 'wlcg.groups': ['/cms'] }, '/x/home')).toBe('nobody')
})

test.each([
  ['no JSON', '[\n{"result": "x" comment="y"}\n]', ':2: is not JSON'],
  ['no list', '{"result": "x"}', ':1: must be a list'],
  ['a rule without result', '[\n\n{"sub": "x"}]', ':3: result: '],
  ['a condition that is no string', '[{"sub": 5, "result": "x"}]', ':1: sub: '],
  ['a path with dot segments', '[{"path": "/a/..", "result": "x"}]', ':1: path: '],
  ['a rule that is no object', '[{"sub": "{", "result": "x"},\n{"result": "x"},\n[]]', ':3: is no rule'],
])('a name map with %s is an error that names its line', (_what, text, message) => {
  const path = file(text, 'map.json')
  const map = file(`${issuerSection}name_mapfile = map.json\n`)
  expect(() => readIssuerMap(map)).toThrow(`${path}${message}`)
})
