import { createPrivateKey, constants, sign } from 'node:crypto'
import { ConfigError } from '@scitokens/core'
import { quote } from '@scitokens/core/internal'
import type { CaseFile, PrivateJwk, Step, Template } from './format.ts'

/** How each algorithm signs. Those that no verifier should accept are here too: cases need tokens made with them. */
const SIGNERS: Readonly<Record<string, { hash: string | null; pss?: true }>> = {
  ES256: { hash: 'sha256' },
  ES384: { hash: 'sha384' },
  ES512: { hash: 'sha512' },
  RS256: { hash: 'sha256' },
  RS384: { hash: 'sha384' },
  RS512: { hash: 'sha512' },
  PS256: { hash: 'sha256', pss: true },
  PS384: { hash: 'sha384', pss: true },
  PS512: { hash: 'sha512', pss: true },
  EdDSA: { hash: null },
  Ed25519: { hash: null },
}

/** The token of a step as the file has it, for the file's own clock: written out, built, or else signed from its template. */
export function finishedToken(step: Step, file: CaseFile): string | undefined {
  const { token, template } = step
  if (typeof token === 'string') return token
  if (token !== undefined) {
    const { start, repeat, times, end } = token.build
    return start + repeat.repeat(times) + end
  }
  return template && signTemplate(template, file, step.now ?? file.now)
}

/**
 * Makes the token of a template for another time. Throws `config_error` where the template names a key or an algorithm that
 * is not there.
 *
 * @param now - seconds since the epoch that `$now` counts from.
 * @param parents - signed tokens by what their signature covers: a parent that says the same is taken as it is.
 */
export function signTemplate(
  template: Template,
  file: Pick<CaseFile, 'keys' | 'name'>,
  now: number,
  parents: ReadonlyMap<string, string> = new Map(),
): string {
  const { inArray = false, parent } = template
  const pwt = parent && signTemplate(parent, file, now, parents)
  const header = pwt === undefined ? template.header : { ...template.header, pwt: parents.get(signedPart(pwt)) ?? pwt }
  const input = [header, inArray ? [template.claims] : template.claims]
    .map((part) => Buffer.from(JSON.stringify(atTime(part, now))).toString('base64url'))
    .join('.')
  const alg = template.alg ?? template.header['alg']
  if (alg === 'none') return `${input}.`
  const key = Object.hasOwn(file.keys, template.key) ? file.keys[template.key] : undefined
  if (!key)
    throw new ConfigError(
      'config_error',
      `${file.name}: a template names the key ${quote(template.key)}, which is not there`,
    )
  return `${input}.${signWith(key, alg, Buffer.from(input)).toString('base64url')}`
}

/** What the signature of a token covers. */
function signedPart(token: string): string {
  return token.slice(0, token.lastIndexOf('.'))
}

function signWith(jwk: PrivateJwk, alg: unknown, data: Uint8Array): Buffer {
  const signer = typeof alg === 'string' && Object.hasOwn(SIGNERS, alg) ? SIGNERS[alg] : undefined
  if (!signer)
    throw new ConfigError(
      'config_error',
      `a template asks for the algorithm ${quote(alg)}, with which nothing can be signed`,
    )
  const key = createPrivateKey({ key: jwk, format: 'jwk' })
  const padding = signer.pss
    ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : {}
  return sign(signer.hash, data, { key, dsaEncoding: 'ieee-p1363', ...padding })
}

/** Puts times in place of `{"$now": n}` and `{"$nowString": n}`. */
function atTime(value: unknown, now: number): unknown {
  if (Array.isArray(value)) return value.map((item) => atTime(item, now))
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value)
  const [name, offset] = members.length === 1 ? members[0]! : []
  if (typeof offset === 'number' && name === '$now') return now + offset
  if (typeof offset === 'number' && name === '$nowString') return String(now + offset)
  return Object.fromEntries(members.map(([member, item]) => [member, atTime(item, now)]))
}
