import { needs } from '@scitokens-tests/programs'
import { spawnSync } from '@scitokens-tests/programs/processes'
import { chmodSync, lchownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { discoverToken, type DiscoverOptions } from '../src/index.ts'
import { refusal } from './refusal.ts'
import { temporaryDirectory } from './temporary.ts'

const uid = process.geteuid!()
const other = uid === 0 ? 65_534 : 0

/** A place with nothing in it, and ways to put something there. */
function place(): {
  dir: string
  put: (name: string, text: string, mode?: number) => string
  find: (env?: DiscoverOptions['env'], more?: Partial<DiscoverOptions>) => string | undefined
  refused: (env?: DiscoverOptions['env'], more?: Partial<DiscoverOptions>) => Promise<string>
} {
  const dir = temporaryDirectory()
  mkdirSync(join(dir, 'tmp'))
  mkdirSync(join(dir, 'run'))
  const options = (env: DiscoverOptions['env'], more: Partial<DiscoverOptions>): DiscoverOptions => ({
    env,
    temporaryDirectory: join(dir, 'tmp'),
    ...more,
  })
  return {
    dir,
    put: (name, text, mode = 0o600) => {
      const file = join(dir, name)
      writeFileSync(file, text)
      chmodSync(file, mode)
      return file
    },
    find: (env = {}, more = {}) => discoverToken(options(env, more))?.token,
    refused: (env = {}, more = {}) => refusal(() => discoverToken(options(env, more))),
  }
}

test('the order is BEARER_TOKEN, BEARER_TOKEN_FILE, the runtime directory, /tmp', () => {
  const { dir, put, find } = place()
  const file = put('token', 'from-file')
  const runtime = put(`run/bt_u${uid}`, 'from-run')
  put(`tmp/bt_u${uid}`, 'from-tmp')
  const env = { BEARER_TOKEN: 'from-env', BEARER_TOKEN_FILE: file, XDG_RUNTIME_DIR: join(dir, 'run') }
  expect(discoverToken({ env })).toEqual({ token: 'from-env', source: 'BEARER_TOKEN', file: undefined })
  expect(discoverToken({ env: { ...env, BEARER_TOKEN: undefined } })).toEqual({
    token: 'from-file',
    source: `${file} (BEARER_TOKEN_FILE)`,
    file,
  })
  expect(discoverToken({ env: { XDG_RUNTIME_DIR: join(dir, 'run') } })).toEqual({
    token: 'from-run',
    source: runtime,
    file: runtime,
  })
  expect(find()).toBe('from-tmp')
  expect(find({}, { uid: uid + 1 })).toBeUndefined()
})

test('nothing anywhere is no error', () => {
  const { dir, find } = place()
  expect(find()).toBeUndefined()
  expect(find({ XDG_RUNTIME_DIR: join(dir, 'missing') })).toBeUndefined()
})

test('what is empty is passed over, wherever it is', () => {
  const { dir, put, find } = place()
  const file = put('token', ' \n')
  put(`run/bt_u${uid}`, '')
  put(`tmp/bt_u${uid}`, 'from-tmp')
  const env = { BEARER_TOKEN: ' \t', BEARER_TOKEN_FILE: file, XDG_RUNTIME_DIR: join(dir, 'run') }
  expect(find(env)).toBe('from-tmp')
  expect(find({ BEARER_TOKEN: '', BEARER_TOKEN_FILE: '', XDG_RUNTIME_DIR: '' })).toBe('from-tmp')
})

test('a missing runtime file leads on to /tmp; a relative runtime directory and TMPDIR do not matter', () => {
  const { dir, put, find } = place()
  put(`tmp/bt_u${uid}`, 'from-tmp')
  expect(find({ XDG_RUNTIME_DIR: join(dir, 'run'), TMPDIR: join(dir, 'run') })).toBe('from-tmp')
  expect(find({ XDG_RUNTIME_DIR: 'run' })).toBe('from-tmp')
})

test('the six characters of white space are stripped at both ends, and no others', async () => {
  const { put, find, refused } = place()
  expect(find({ BEARER_TOKEN: ' \t\n\v\f\rabc.def-_~+/==\r\n\f\v\t ' })).toBe('abc.def-_~+/==')
  expect(find({ BEARER_TOKEN_FILE: put('token', 'abc\r\n') })).toBe('abc')
  for (const space of ['\u00a0', '\u2003', '\ufeff', '\u0085', '\0']) {
    expect(await refused({ BEARER_TOKEN: `${space}abc` })).toBe('not_acceptable malformed_token')
    expect(await refused({ BEARER_TOKEN_FILE: put('token', `abc${space}`) })).toBe('not_acceptable malformed_token')
  }
})

test.each(['Bearer abc', 'abc def', 'abc\ndef', 'abc"', '=abc', 'abc=d', '\u00e9', 'abc,def', '<html>', '{}'])(
  '%j is no token: the search stops, although a good one would follow',
  async (text) => {
    const { put, refused } = place()
    put(`tmp/bt_u${uid}`, 'good')
    expect(await refused({ BEARER_TOKEN: text })).toBe('not_acceptable malformed_token')
    expect(await refused({ BEARER_TOKEN_FILE: put('token', text) })).toBe('not_acceptable malformed_token')
  },
)

test('an error names the place and nothing that is in it', () => {
  const { put } = place()
  const file = put('token', 'secret secret')
  expect(() => discoverToken({ env: { BEARER_TOKEN_FILE: file } })).toThrow(
    `${file} (BEARER_TOKEN_FILE) holds something that is no bearer token`,
  )
  expect(() => discoverToken({ env: { BEARER_TOKEN: 'secret secret' } })).toThrow(
    /^BEARER_TOKEN holds something that is no bearer token$/,
  )
})

test('a file that somebody named must be there', async () => {
  const { dir, put, refused } = place()
  put(`tmp/bt_u${uid}`, 'good')
  expect(await refused({ BEARER_TOKEN_FILE: join(dir, 'missing') })).toBe('config config_error')
  expect(await refused({ BEARER_TOKEN_FILE: join(dir, 'missing/token') })).toBe('config config_error')
  expect(await refused({ BEARER_TOKEN_FILE: dir })).toBe('config config_error')
  expect(await refused({ BEARER_TOKEN_FILE: '/dev/null' })).toBe('config config_error')
  expect(await refused({ BEARER_TOKEN_FILE: `${dir}/a\0b` })).toBe('config config_error')
})

test.each([0o644, 0o640, 0o604, 0o660, 0o620, 0o601])(
  'a file of mode %o is refused, or accepted on demand',
  async (mode) => {
    const { put, find, refused } = place()
    const env = { BEARER_TOKEN_FILE: put('token', 'abc', mode) }
    expect(await refused(env)).toBe('config config_error')
    expect(() => discoverToken({ env })).toThrow(/^the token file .* by others: chmod 600 it$/)
    expect(find(env, { dangerouslyAllowLoosePermissions: true })).toBe('abc')
    put(`tmp/bt_u${uid}`, 'abc', mode)
    expect(await refused()).toBe('config config_error')
  },
)

test('a file that its owner alone can read is good', () => {
  const { put, find } = place()
  expect(find({ BEARER_TOKEN_FILE: put('token', 'abc', 0o400) })).toBe('abc')
})

/** Makes a file somebody else's: root gives it away, others look at it as another user. */
function asStranger(file: string): Partial<DiscoverOptions> {
  if (uid === 0) lchownSync(file, other, other)
  return uid === 0 ? {} : { uid: uid + 1 }
}

test('a file of somebody else is refused, whatever its mode', async () => {
  const { put, refused } = place()
  const named = put('named', 'abc')
  expect(await refused({ BEARER_TOKEN_FILE: named }, asStranger(named))).toBe('config config_error')
  const stranger = uid === 0 ? uid : uid + 1
  expect(await refused({}, asStranger(put(`tmp/bt_u${stranger}`, 'abc')))).toBe('config config_error')
})

test('a link is followed where the environment named it, to a file of this user; never below /tmp', async () => {
  const { dir, put, find, refused } = place()
  const file = put('token', 'abc')
  symlinkSync(file, join(dir, 'link'))
  const env = { BEARER_TOKEN_FILE: join(dir, 'link') }
  expect(find(env)).toBe('abc')
  symlinkSync(file, join(dir, `tmp/bt_u${uid}`))
  expect(await refused()).toBe('config config_error')
  symlinkSync(file, join(dir, `run/bt_u${uid}`))
  expect(await refused({ XDG_RUNTIME_DIR: join(dir, 'run') })).toBe('config config_error')
  expect(await refused(env, asStranger(file))).toBe('config config_error')
})

test('a named pipe does not keep anybody waiting', needs('mkfifo'), async () => {
  const { dir, refused } = place()
  const pipe = join(dir, 'pipe')
  expect(spawnSync('mkfifo', ['-m', '600', pipe]).status).toBe(0)
  expect(await refused({ BEARER_TOKEN_FILE: pipe })).toBe('config config_error')
})

test('a file that is too large for a token is not read', async () => {
  const { put, refused, find } = place()
  expect(find({ BEARER_TOKEN_FILE: put('token', 'a'.repeat(65_536)) })).toHaveLength(65_536)
  expect(await refused({ BEARER_TOKEN_FILE: put('token', 'a'.repeat(66_561)) })).toBe('config config_error')
})
