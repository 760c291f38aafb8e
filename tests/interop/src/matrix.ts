import type { JsonObject, SigningKey } from '@scitokens/core'
import type { StaticIssuer } from './static-issuer.ts'

/** One question, put to XRootD and to our storage example alike. */
export interface MatrixRequest {
  /** Unique; `docs/interop.md` names differences by it. */
  readonly id: string
  readonly method: string
  readonly path: string
  readonly body?: string
  /** Undefined: no token is sent. */
  readonly token: TokenRecipe | undefined
}

/** How a token is made: what differs from a good one. A claim set to undefined is left out. */
export interface TokenRecipe {
  readonly name: string
  readonly header?: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
  readonly key?: 'es' | 'rs' | 'unpublished'
}

/** The name of both servers. */
export const AUDIENCE = 'https://storage.interop.test'

const sci = (name: string, scope: string, claims: object = {}, more: Partial<TokenRecipe> = {}): TokenRecipe => ({
  name,
  claims: { ver: 'scitoken:2.0', scope, ...claims },
  ...more,
})
const wlcg = (name: string, scope: string, claims: object = {}): TokenRecipe => ({
  name,
  claims: { 'wlcg.ver': '1.0', scope, ...claims },
})
const noVersion = { ver: undefined }

/** Tokens that each are tried for reading a public file, reading a private one, and writing a new one. */
const TOKENS: readonly TokenRecipe[] = [
  sci('read', 'read:/store'),
  sci('read-write', 'read:/store write:/store/ana'),
  sci('write-alone', 'write:/store/ana'),
  wlcg('wlcg-read', 'storage.read:/store'),
  wlcg('wlcg-create', 'storage.read:/store storage.create:/store/ana'),
  wlcg('wlcg-modify', 'storage.read:/store storage.modify:/store/ana'),
  wlcg('wlcg-stage', 'storage.stage:/store'),
  wlcg('wlcg-minor-version', 'storage.read:/store', { 'wlcg.ver': '1.3' }),
  wlcg('wlcg-major-version', 'storage.read:/store', { 'wlcg.ver': '2.0' }),
  wlcg('wlcg-any-audience', 'storage.read:/store', { aud: 'https://wlcg.cern.ch/jwt/v1/any' }),
  sci('version-1', 'read:/store', noVersion),
  sci('version-1-unknown-claim', 'read:/store', { ...noVersion, client_id: 'x' }),
  sci('version-unknown', 'read:/store', { ver: 'scitoken:3.0' }),
  sci('both-versions', 'read:/store', { 'wlcg.ver': '1.0' }),
  sci('at-jwt', 'read:/store', { ...noVersion, client_id: 'x' }, { header: { typ: 'at+jwt' } }),
  sci('any-audience', 'read:/store', { aud: 'ANY' }),
  sci('other-audience', 'read:/store', { aud: 'https://elsewhere.test' }),
  sci('audience-list', 'read:/store', { aud: ['https://elsewhere.test', AUDIENCE] }),
  sci('no-audience', 'read:/store', { aud: undefined }),
  sci('expired', 'read:/store', { exp: -1 }),
  sci('not-yet-valid', 'read:/store', { nbf: 300 }),
  sci('slightly-ahead', 'read:/store', { nbf: 30, iat: 30 }),
  sci('no-exp', 'read:/store', { exp: undefined }),
  sci('no-subject', 'read:/store', { sub: undefined }),
  sci('rs256', 'read:/store', {}, { header: { alg: 'RS256', kid: 'rs' }, key: 'rs' }),
  sci('no-kid', 'read:/store', {}, { header: { kid: undefined } }),
  sci('unknown-kid', 'read:/store', {}, { header: { kid: 'nobody' } }),
  sci('foreign-key', 'read:/store', {}, { key: 'unpublished' }),
  sci('crit', 'read:/store', {}, { header: { crit: ['x'], x: 1 } }),
  sci('scope-without-path', 'read'),
  sci('scope-relative', 'read:store'),
]

const READER = sci('reader', 'read:/store')
const WRITER = sci('writer', 'read:/store write:/store/ana')
const CREATOR = wlcg('creator', 'storage.read:/store storage.create:/store/ana')
const MODIFIER = wlcg('modifier', 'storage.read:/store storage.modify:/store/ana')

/** About a hundred requests. Each writes to a file of its own. */
export function matrix(): readonly MatrixRequest[] {
  const tokens = TOKENS.flatMap((token) => [
    { id: `${token.name}/get-public`, method: 'GET', path: '/store/a.txt', token },
    { id: `${token.name}/get-private`, method: 'GET', path: '/private/c.txt', token },
    { id: `${token.name}/put`, method: 'PUT', path: `/store/ana/${token.name}.txt`, body: 'x', token },
  ])
  const read = (id: string, path: string): MatrixRequest => ({ id: `path/${id}`, method: 'GET', path, token: READER })
  const write = (id: string, method: string, path: string, token: TokenRecipe): MatrixRequest => ({
    id: `${token.name}/${id}`,
    method,
    path,
    token,
    ...(method === 'PUT' ? { body: 'x' } : {}),
  })
  return [
    ...tokens,
    { id: 'no-token/get-public', method: 'GET', path: '/store/a.txt', token: undefined },
    read('sibling', '/storeX/d.txt'),
    read('traversal', '/store/../private/c.txt'),
    read('traversal-encoded', '/store/%2e%2e/private/c.txt'),
    read('traversal-twice-encoded', '/store/%252e%252e/private/c.txt'),
    read('traversal-encoded-slash', '/store/..%2fprivate/c.txt'),
    read('traversal-inside', '/store/ana/../a.txt'),
    read('double-slash', '//store//a.txt'),
    read('encoded-letter', '/store/%61.txt'),
    read('missing', '/store/none.txt'),
    read('missing-private', '/private/none.txt'),
    ...[WRITER, CREATOR, MODIFIER].flatMap((token) => [
      write('overwrite', 'PUT', `/store/ana/old-${token.name}.txt`, token),
      write('delete', 'DELETE', `/store/ana/gone-${token.name}.txt`, token),
      write('mkcol', 'MKCOL', `/store/ana/dir-${token.name}`, token),
      write('delete-elsewhere', 'DELETE', '/store/a.txt', token),
      write('list', 'PROPFIND', '/store/ana/', token),
    ]),
  ]
}

/** Signs a token by its recipe. Numbers in `exp`, `nbf` and `iat` are relative to now, in seconds. */
export function makeToken({ header = {}, claims, key }: TokenRecipe, issuer: StaticIssuer): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  const defaults = {
    iss: issuer.issuer,
    sub: 'ana',
    aud: AUDIENCE,
    iat: -5,
    nbf: -5,
    exp: 600,
    jti: crypto.randomUUID(),
  }
  const absolute = Object.entries({ ...defaults, ...claims }).flatMap(([name, value]) => {
    if (value === undefined) return []
    return [[name, ['exp', 'nbf', 'iat'].includes(name) ? now + (value as number) : value]]
  })
  const complete = { alg: 'ES256', typ: 'JWT', kid: 'es', ...header }
  const members = Object.entries(complete).filter(([, value]) => value !== undefined)
  const signer: SigningKey | undefined = key && issuer.keys[key]
  return issuer.sign(Object.fromEntries(members) as JsonObject, Object.fromEntries(absolute) as JsonObject, signer)
}

/** Files that are there before the first request. */
export const FILES: readonly string[] = [
  'store/a.txt',
  'private/c.txt',
  'storeX/d.txt',
  ...[WRITER, CREATOR, MODIFIER].flatMap(({ name }) => [`store/ana/old-${name}.txt`, `store/ana/gone-${name}.txt`]),
]
