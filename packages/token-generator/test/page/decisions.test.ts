import {
  decodeUnverified,
  type JsonObject,
  parseRequestPath,
  parseScopes,
  type Signer,
  SigningKey,
  splitKeyedToken,
} from '@scitokens/core'
import { beforeAll, describe, expect, test } from 'vitest'
import { beginChain, derive, leafOf } from '../../page/src/chain.ts'
import { commandLines, quoted } from '../../page/src/commands.ts'
import { readParts } from '../../page/src/read-parts.ts'
import { scopeReasons } from '../../page/src/scope-reasons.ts'
import { Service } from '../../page/src/service.ts'
import { BROWSER_ISSUER, type BrowserSource, browserSource } from '../../page/src/signing.ts'
import { stepsOf } from '../../page/src/steps.ts'
import { SAMPLES } from '../../src/tokens/samples.ts'

const clock = (): number => Date.now() / 1000
let source: BrowserSource
let service: Service
const question = { issuer: BROWSER_ISSUER, audience: BROWSER_ISSUER, authz: 'read', path: '/data/john/set1' }

beforeAll(async () => {
  source = await browserSource(clock)
  service = new Service({ keys: { [BROWSER_ISSUER]: source.jwks }, clock })
})

describe('a page without a network', () => {
  test.each(['scitoken:1.0', 'scitoken:2.0', 'wlcg:1.x', 'at+jwt'] as const)(
    'signs tokens of %s that it accepts',
    async (profile) => {
      const payload = { sub: 'ana', scope: profile === 'wlcg:1.x' ? 'storage.read:/' : 'read:/' }
      for (const algorithm of ['ES256', 'RS256'] as const) {
        // oxlint-disable-next-line no-await-in-loop -- two tokens
        const verdict = await service.judge(await source.issue({ payload, algorithm, profile }))
        expect(verdict).toMatchObject({ acceptable: true, token: { profile, subject: 'ana' } })
      }
    },
  )

  test.each(SAMPLES)('makes the sample $name, and answers it as announced', async (sample) => {
    const decision = await service.decide(await source.sample(sample, 'ES256'), { ...question, ...sample.question })
    expect(decision.allowed ? undefined : decision.code).toBe(sample.code)
  })
})

describe('keys that the reader brings', () => {
  test('are trusted for their issuer from then on; what is no key set changes nothing', async () => {
    const { createTestIssuer } = await import('@scitokens/core/testing')
    const other = await createTestIssuer({ issuer: 'https://unknown.example' })
    const learning = new Service({ keys: { [BROWSER_ISSUER]: source.jwks }, clock })
    const token = await other.sign({ aud: 'https://se.example', scope: 'read:/x' })
    expect(await learning.judge(token)).toMatchObject({ acceptable: false, error: { code: 'untrusted_issuer' } })
    await expect(learning.learn(other.issuer, { keys: [] })).rejects.toThrow(/no keys/)
    await expect(learning.learn(other.issuer, 'x')).rejects.toThrow(/key set/)
    await expect(learning.learn('not a url', other.jwks)).rejects.toThrow(/not a url/)
    expect(learning.issuers).toEqual([BROWSER_ISSUER])
    await learning.learn(other.issuer, other.jwks)
    expect(await learning.judge(token)).toMatchObject({ acceptable: true })
    const own = await source.issue({ payload: {}, algorithm: 'ES256', profile: 'scitoken:2.0' })
    expect(await learning.judge(own)).toMatchObject({ acceptable: false, error: { code: 'missing_claim' } })
  })
})

describe('how a decision came about', () => {
  test.each(SAMPLES)('every refusal of a sample is a step: $name', async (sample) => {
    const decision = await service.decide(await source.sample(sample, 'ES256'), { ...question, ...sample.question })
    const isChain = sample.name === 'parent'
    const steps = stepsOf(decision.allowed ? undefined : decision.error, isChain)
    const outcomes = steps.map(({ outcome }) => outcome)
    if (decision.allowed) expect(new Set(outcomes)).toEqual(new Set(['passed']))
    else {
      const failed = outcomes.indexOf('failed')
      expect(failed).toBeGreaterThan(0)
      expect(outcomes.slice(0, failed).every((outcome) => outcome === 'passed')).toBe(true)
      expect(outcomes.slice(failed + 1).every((outcome) => outcome === 'not reached')).toBe(true)
    }
  })

  test('no step is told as passed that was not taken: without a key, only what comes after the signature can be said', async () => {
    const other = await browserSource(clock)
    for (const sample of SAMPLES) {
      // oxlint-disable no-await-in-loop -- one after the other, they are many
      const token = await other.sample(sample, 'ES256')
      // The same issuer with other keys: nothing of it can be authentic here.
      const decision = await service.decide(token, { ...question, ...sample.question })
      const isChain = sample.name === 'parent'
      const steps = stepsOf(decision.allowed ? undefined : decision.error, isChain)
      const signature = steps.find(({ name }) => name === 'signature')
      expect(signature?.outcome, sample.name).not.toBe('passed')
    }
  })

  test('of a chain, its issuer is read before a signature is looked at, and everything else behind it', async () => {
    const failed = async (token: string): Promise<[code: string, step: string | undefined]> => {
      const verdict = await service.judge(token)
      if (verdict.acceptable) return ['good', undefined]
      return [verdict.error.code, stepsOf(verdict.error, true).find(({ outcome }) => outcome === 'failed')?.name]
    }
    const base = await beginChain(source, { scope: 'read:/data', sub: 'ana' })
    const { token: pwt, key } = splitKeyedToken(base.keyed)
    const holder = await SigningKey.from(key)
    const claims = { ...decodeUnverified(pwt).unverifiedClaims }
    const leaf = async (more: JsonObject, header: JsonObject = {}, signer: Signer = holder): Promise<string> => {
      const head = { alg: 'ES256', typ: 'scitoken-chain+jwt', crit: ['pwt'], pwt, ...header }
      const input = [head, [{ ...claims, ...more }]]
        .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
        .join('.')
      const signature = await signer.sign(new TextEncoder().encode(input))
      return `${input}.${Buffer.from(signature).toString('base64url')}`
    }
    expect(await failed(await leaf({}))).toEqual(['good', undefined])
    expect(await failed(pwt)).toEqual(['parent_not_accepted', 'form'])
    expect(await failed(await leaf({}, { crit: ['x'] }))).toEqual(['broken_chain', 'form'])
    expect(await failed(await leaf({ iss: 'https://unknown.example' }))).toEqual(['untrusted_issuer', 'issuer'])
    expect(await failed(await leaf({}, {}, await SigningKey.generate()))).toEqual(['broken_chain', 'signature'])
    expect(await failed(await leaf({ scope: 'read:/' }))).toEqual(['widened_chain', 'claims'])
    expect(await failed(await leaf({ scope: 'read' }))).toEqual(['invalid_scope', 'claims'])
    expect(await failed(await leaf({ ver: 5 }))).toEqual(['broken_chain', 'form'])
  })

  test('why each right covers the request or not', () => {
    const { scopes } = parseScopes('read:/data/john write:/data read:/other read:/data/johnathan')
    const path = parseRequestPath('/data/johnathan/x')
    const reasons = scopeReasons(scopes, { authz: 'read', path }, 'scitoken:2.0')
    expect(reasons.map(({ covers, reason }) => [covers, reason])).toEqual([
      [false, '/data/johnathan/x only begins like /data/john: it is a neighbour, not below it'],
      [false, 'is for write, not for read'],
      [false, '/data/johnathan/x is not /other or below it'],
      [true, 'covers /data/johnathan/x'],
    ])
  })

  test('names of the WLCG profile count as the enforcer counts them', () => {
    const { scopes } = parseScopes('storage.modify:/data')
    const path = parseRequestPath('/data/x')
    expect(scopeReasons(scopes, { authz: 'storage.create', path }, 'wlcg:1.x')[0]?.covers).toBe(true)
    expect(scopeReasons(scopes, { authz: 'storage.create', path }, 'scitoken:2.0')[0]?.covers).toBe(false)
  })

  test('a service without a name is a mistake in the question', async () => {
    const token = await source.issue({ payload: {}, algorithm: 'ES256', profile: 'scitoken:2.0' })
    await expect(service.decide(token, { ...question, audience: '' })).rejects.toMatchObject({ code: 'config_error' })
  })
})

describe('chains', () => {
  test('each link may do less, parents open nothing, and a widening is refused in words', async () => {
    const base = await beginChain(source, { scope: 'read:/data write:/data/john', sub: 'ana' })
    const job = await derive(base, 'Your job', { scope: 'read:/data/john', audience: '', lifetime: 300 }, clock)
    expect(job).toMatchObject({ name: 'Your job', scope: 'read:/data/john', audience: BROWSER_ISSUER })
    const ask = async (token: string, path: string): Promise<boolean> =>
      (await service.decide(token, { ...question, path })).allowed
    expect(await ask(await leafOf(base, clock), '/data/paul')).toBe(true)
    expect(await ask(await leafOf(job, clock), '/data/john/x')).toBe(true)
    expect(await ask(await leafOf(job, clock), '/data/paul')).toBe(false)
    const alone = base.keyed.split('.', 3).join('.')
    expect(await service.judge(alone)).toMatchObject({ acceptable: false, error: { code: 'parent_not_accepted' } })
    // A link is no JWT: its payload is an array, and what stands in it is shown.
    const shown = readParts(alone)
    expect(JSON.parse(shown.claims.text)).toEqual([shown.claims.value])
    expect(shown.claims.value).toMatchObject({ ver: 'scitoken-chain:1.0', sub: 'ana' })
    const more = { scope: 'read:/', audience: '', lifetime: 60 }
    await expect(derive(job, 'x', more, clock)).rejects.toMatchObject({ code: 'widened_chain' })
  })
})

describe('commands', () => {
  test('carry the claims, without those that the server sets, as one word of a shell', () => {
    const claims = { iss: 'x', exp: 1, sub: "o'neil", scope: 'read:/x' }
    const [issue] = commandLines('https://demo.example', claims, { algorithm: 'ES256', profile: 'wlcg:1.x' })
    expect(issue!.line).toBe(
      String.raw`TOKEN=$(curl -s https://demo.example/issue -d '{"payload":{"sub":"o'\''neil","scope":"read:/x"},"algorithm":"ES256","profile":"wlcg:1.x"}')`,
    )
  })

  test('quoting keeps every shell away from the text', () => {
    expect(['a/b', '$(x)', "'", ''].map(quoted)).toEqual(['a/b', "'$(x)'", String.raw`''\'''`, "''"])
  })
})
