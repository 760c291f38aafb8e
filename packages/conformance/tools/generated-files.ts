// Turns the definitions in tools/cases into case files. ES256 signatures differ from run to run, so a token that is there already
// and says the same is kept.
import { createPrivateKey, sign } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type CaseFile, CASE_FORMAT, readCases, signTemplate, type Template } from '../src/index.ts'
import { ABSENT, type CaseDefinition, ISSUER, OTHER_ISSUER, SERVER, type TokenDefinition } from './case-kit.ts'
import { audience } from './cases/audience.ts'
import { chains } from './cases/chains.ts'
import { claims } from './cases/claims.ts'
import { issuer } from './cases/issuer.ts'
import { issuing } from './cases/issuing.ts'
import { keys } from './cases/keys.ts'
import { paths } from './cases/paths.ts'
import { profiles } from './cases/profiles.ts'
import { scopes } from './cases/scopes.ts'
import { times } from './cases/times.ts'
import { token } from './cases/token.ts'
import { wlcg } from './cases/wlcg.ts'
import { CHAIN_KEYS, publicMembers, TEST_KEYS } from './test-keys.ts'

const NOW = 1_790_000_000
const SECTIONS = { audience, chains, claims, issuer, issuing, keys, paths, profiles, scopes, times, token, wlcg }
const ALL_KEYS = { ...TEST_KEYS, ...CHAIN_KEYS }
const NO_FILE: Pick<CaseFile, 'keys' | 'name'> = { keys: ALL_KEYS, name: 'make-cases' }
/** Where the files are. */
export const CASES: URL = new URL('../cases/', import.meta.url)

/** The text of every generated case file, by its name. */
export function makeCaseFiles(): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(SECTIONS).map(([section, definitions]) => {
      const name = `more-${section}.json`
      return [name, makeFile(section, definitions, readTokens(new URL(name, CASES)))]
    }),
  )
}

function makeFile(section: string, definitions: readonly CaseDefinition[], known: ReadonlyMap<string, string>): string {
  const cases = definitions.map((definition) => makeCase(section, definition, known))
  const file = {
    format: CASE_FORMAT,
    now: NOW,
    keys: section === 'chains' ? ALL_KEYS : TEST_KEYS,
    issuers: { [ISSUER]: ['ec', 'rsa', 'ec384'], [OTHER_ISSUER]: ['other'] },
    cases,
  }
  const text = layOut(file)
  // What is written must be readable.
  readCases(text, section)
  return text
}

type Members = Record<string, unknown>

function makeCase(section: string, definition: CaseDefinition, known: ReadonlyMap<string, string>): Members {
  const { id, title, source, jwks, request, expect, steps } = definition
  const fullId = `${section}/${id}`
  const head = { id: fullId, section, title, source }
  if (request?.op === 'sign') return { ...head, request, expect }
  const enforcer = withoutAbsent({
    issuers: [ISSUER],
    audience: [SERVER],
    profiles: 'compat',
    clockTolerance: 0,
    ...definition.enforcer,
  })
  const published = jwks === undefined ? {} : { jwks }
  if (steps === undefined) {
    const made = makeToken(definition, fullId, known)
    return { ...head, ...made, ...published, enforcer, request: request ?? usualRequest(definition), expect }
  }
  return {
    ...head,
    ...published,
    enforcer,
    steps: steps.map((step, index) => {
      const tokenOfStep = { ...commonOf(definition), ...step }
      return {
        ...(step.now === undefined ? {} : { now: step.now }),
        ...makeToken(tokenOfStep, `${fullId}#${index + 1}`, known),
        ...(step.jwks === undefined ? {} : { jwks: step.jwks }),
        request: step.request ?? request ?? usualRequest(tokenOfStep),
        expect: step.expect,
      }
    }),
  }
}

/** What a step takes over from its case: all that makes its token. */
function commonOf(definition: CaseDefinition): TokenDefinition {
  const { kind, key, alg, header, claims: own, text, mangle, inArray, parent, cwk } = definition
  return withoutUndefined({ kind, key, alg, header, claims: own, text, mangle, inArray, parent, cwk })
}

function usualRequest({ kind }: TokenDefinition): Members {
  return { op: 'test', authz: kind === 'wlcg' ? 'storage.read' : 'read', path: '/foo' }
}

function makeToken(
  definition: TokenDefinition,
  jti: string,
  known: ReadonlyMap<string, string>,
): { template?: Template; token: string } {
  const { text, mangle } = definition
  if (definition.token !== undefined) return { token: definition.token }
  const template = makeTemplate(definition, jti)
  const signed = text === undefined ? signTemplate(template, NO_FILE, NOW, known) : signText(template, text)
  const finished = mangle ? mangle(signed) : signed
  const kept = known.get(finished.slice(0, finished.lastIndexOf('.'))) ?? finished
  return text || mangle ? { token: kept } : { template, token: kept }
}

function makeTemplate(definition: TokenDefinition, jti: string): Template {
  const { kind = '2.0', text, mangle, alg, parent, inArray = kind === 'link' } = definition
  const key = definition.key ?? (text || (mangle && kind !== 'link') ? 'rsa' : 'ec')
  const jwk = ALL_KEYS[key]!
  const ofKind: Members =
    kind === 'wlcg'
      ? { 'wlcg.ver': '1.0', scope: 'storage.read:/foo' }
      : kind === '1.0'
        ? { scope: 'read:/foo' }
        : kind === 'at+jwt'
          ? { client_id: 'c', scope: 'read:/foo' }
          : { ver: kind === 'link' ? 'scitoken-chain:1.0' : 'scitoken:2.0', scope: 'read:/foo' }
  return {
    key,
    ...(alg === undefined ? {} : { alg }),
    header: withoutAbsent({
      alg: jwk['alg'],
      typ: kind === 'at+jwt' ? 'at+jwt' : 'JWT',
      kid: jwk['kid'],
      ...(kind === 'link' ? linkHeader(definition) : {}),
      ...definition.header,
    }),
    claims: withoutAbsent({
      iss: ISSUER,
      sub: 's',
      aud: SERVER,
      iat: { $now: -5 },
      nbf: { $now: -5 },
      exp: { $now: 600 },
      ...ofKind,
      jti,
      ...definition.claims,
    }),
    ...(inArray ? { inArray } : {}),
    ...(parent === undefined ? {} : { parent: makeTemplate({ kind: 'link', ...parent }, `${jti}^`) }),
  }
}

/** The members that make a link. Only the base names a key of the issuer. */
function linkHeader({ parent, cwk }: TokenDefinition): Members {
  const crit = [...(parent ? ['pwt'] : []), ...(cwk === undefined ? [] : ['cwk'])]
  return {
    typ: 'scitoken-chain+jwt',
    ...(parent ? { kid: ABSENT } : {}),
    crit,
    ...(cwk === undefined ? {} : { cwk: publicMembers(ALL_KEYS[cwk]!) }),
  }
}

/** Signs text in place of JSON, with the RSA key. */
function signText({ key, header, claims: own }: Template, text: NonNullable<TokenDefinition['text']>): string {
  const [head, payload] = [text.header ?? JSON.stringify(header), text.payload ?? JSON.stringify(own)]
  const input = [head, payload].map((part) => Buffer.from(part as string).toString('base64url')).join('.')
  const privateKey = createPrivateKey({ key: TEST_KEYS[key]!, format: 'jwk' })
  return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`
}

function withoutUndefined(members: Members): TokenDefinition {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}

function withoutAbsent(members: Members): Members {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== ABSENT))
}

/** Tokens of the file that is there, by what their signature covers. */
function readTokens(path: URL): ReadonlyMap<string, string> {
  if (!existsSync(path)) return new Map()
  const { cases } = readCases(readFileSync(path, 'utf8'), fileURLToPath(path))
  const tokens = cases.flatMap((entry) => entry.steps.map((step) => step.token)).filter((it) => typeof it === 'string')
  return new Map([...tokens, ...tokens.flatMap(parentsOf)].map((it) => [it.slice(0, it.lastIndexOf('.')), it]))
}

/** The parents of a chain's link. */
function parentsOf(link: string): readonly string[] {
  let parent: unknown
  try {
    parent = (JSON.parse(Buffer.from(link.split('.', 1)[0]!, 'base64url').toString()) as Members)['pwt']
  } catch {
    return [] // it is broken on purpose
  }
  return typeof parent === 'string' ? [parent, ...parentsOf(parent)] : []
}

/** A line per key and per member of a case: readable, and small differences stay small. */
function layOut({ cases, keys: jwks, ...head }: { cases: readonly Members[]; keys: Members }): string {
  const lines = (members: Members, indent: string): string =>
    Object.entries(members)
      .map(([name, value]) => `${indent}${JSON.stringify(name)}: ${JSON.stringify(value)}`)
      .join(',\n')
  const body = cases.map((entry) => `  {\n${lines(entry, '   ')}\n  }`).join(',\n')
  return `{\n${lines(head, ' ')},\n "keys": {\n${lines(jwks, '  ')}\n },\n "cases": [\n${body}\n ]\n}\n`
}
