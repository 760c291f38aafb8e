import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
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

function file(content: unknown, name = 'issuers.json'): string {
  const path = join(directory, name)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content, null, 2))
  return path
}

test('a JSON map has the options of IssuerOptions', async () => {
  file([{ sub: 'ana', result: 'ana' }], 'names.json')
  const map = readIssuerMap(
    file({
      audience: 'https://storage.example',
      issuers: {
        'https://cms.example': {
          basePath: '/cms',
          authorizations: ['read', 'storage.read'],
          groups: { '/cms/prod': ['read:/prod'] },
          mapping: { nameMapFile: 'names.json', defaultUser: 'cms', allowedNames: '^c' },
        },
        'https://atlas.example': { basePath: '/atlas' },
      },
    }),
  )
  expect(map.issuers['https://cms.example']?.mapping?.rules).toEqual([{ sub: 'ana', result: 'ana' }])
  const issuer = await createTestIssuer({ issuer: 'https://cms.example' })
  const enforcer = new Enforcer({ ...map, keys: issuer.keys, clock: issuer.clock })
  const token = await issuer.sign({ aud: 'https://storage.example', scope: 'read:/ write:/', sub: 'ana' })
  expect(enforcer.generateAcls(await enforcer.validate(token))).toEqual([['read', '/cms']])
})

test.each([
  [
    'an unknown member of an issuer',
    '{"issuers": {\n"https://a.example": {\n"basepath": "/a"}}}',
    ':3: basepath: is not known: did you mean basePath?',
  ],
  ['an unknown member of the file', '{\n"issuer": {}}', ':2: issuer: is not known: did you mean issuers?'],
  [
    'a member of the wrong type',
    '{"issuers": {"https://a.example": {\n"restrictedPaths": "/a"}}}',
    ':2: restrictedPaths: ',
  ],
  ['a bad path', '{"issuers": {\n"https://a.example": {"basePath": "/a/.."}}}', ':2: https://a.example: '],
  ['a group that is no list', '{"issuers": {"https://a.example": {\n"groups": {"/a": "read:/"}}}}', ':2: groups: '],
  [
    'a scope without path',
    '{"issuers": {\n"https://a.example": {"groups": {"/a": ["read"]}}}}',
    ':2: https://a.example: ',
  ],
  ['an issuer that is no URL', '{"issuers": {\n"a.example": {}}}', ':2: a.example: '],
  ['no issuers', '{"audience": "a"}', ':1: issuers: is missing'],
  ['no JSON', '{"issuers": {\n"https://a.example"\n}}', ':3: is not JSON'],
  ['the audience ANY', '{"issuers": {},\n"audience": "ANY"}', ':2: audience: '],
  [
    'a member twice',
    '{"issuers": {"https://a.example": {}, "https://a.example": {}}}',
    ': the file has a member twice',
  ],
  ['a list', '[]', ':1: must be an object'],
])('%s is an error that names file, line and key', (_what, text, message) => {
  const path = file(text)
  expect(() => readIssuerMap(path)).toThrow(`${path}${message}`)
})
