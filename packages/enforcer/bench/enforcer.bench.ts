// How fast a decision is, beside others, in one run. `--memory N` sends N different tokens through one enforcer instead.
import { createTestIssuer, type TestIssuer } from '@scitokens/core/testing'
import { Enforcer, type EnforcerOptions } from '../src/index.ts'
import { measureLibscitokens } from './libscitokens.ts'
import { measure, measureTogether, print } from './measure.ts'
import { createPeers } from './peers.ts'

const audience = 'https://storage.example'
const scope = 'read:/store write:/store/user/ana'
const question = { authz: 'read', path: '/store/file' }

const enforcerOf = ({ issuer, keys }: TestIssuer, options: Partial<EnforcerOptions> = {}): Enforcer =>
  new Enforcer({ issuers: issuer, keys, audience, ...options })

async function decide(enforcer: Enforcer, token: string): Promise<void> {
  const decision = await enforcer.decide(token, question)
  if (!decision.allowed) throw decision.error
}

async function compare(alg: 'ES256' | 'RS256'): Promise<void> {
  const issuer = await createTestIssuer({ alg })
  const sign = (sub: string): Promise<string> => issuer.sign({ aud: audience, sub, scope }, { lifetime: 3600 })
  const tokens = await Promise.all(Array.from({ length: 1000 }, (_, i) => sign(`user-${i}`)))
  const token = (i: number): string => tokens[i % tokens.length]!
  const peers = await createPeers(issuer, audience, tokens)
  const uncached = enforcerOf(issuer, { cache: false })
  const { 'node:crypto verify alone': bare, ...others } = peers.candidates
  const ours = { 'Enforcer.decide, not cached': (i: number) => decide(uncached, token(i)) }
  const candidates = { 'node:crypto verify alone': bare!, ...ours, ...others }
  const results = [...(await measure(candidates))]
  const reference = measureLibscitokens({ issuer: issuer.issuer, audience, jwks: issuer.jwks, tokens })
  if (reference) results.push(reference)
  print(`${alg}, one token after the other`, results)
  print(`${alg}, 32 at a time`, await measureTogether(candidates))
  const warm = enforcerOf(issuer)
  // oxlint-disable-next-line no-await-in-loop -- only to be seen once
  for (const text of tokens.slice(0, 200)) await decide(warm, text)
  const cached = {
    'Enforcer.decide, cached': (i: number) => warm.decide(token(i % 200), question),
    ...Object.fromEntries(Object.entries(peers.cached).map(([name, call]) => [name, (i: number) => call(i % 200)])),
  }
  print(`${alg}, 200 tokens seen before`, await measure(cached, { rounds: 400, calls: 200 }))
  peers.close()
}

async function scopesMatterNot(): Promise<void> {
  const issuer = await createTestIssuer()
  const warm = enforcerOf(issuer)
  const candidates: Record<string, (i: number) => Promise<void>> = {}
  for (const count of [1, 10, 100, 1000]) {
    const many = Array.from({ length: count }, (_, i) => `read:/store/${count - 1 === i ? 'file' : `d${i}`}`).join(' ')
    // oxlint-disable-next-line no-await-in-loop -- four tokens
    const token = await issuer.sign({ aud: audience, scope: many })
    const validated = await warm.validate(token)
    candidates[`a check on a validated token with ${count} scopes`] = async () => {
      if (!validated.can('read', '/store/file')) throw new Error('not allowed')
    }
  }
  print('the number of scopes', await measure(candidates, { rounds: 200, calls: 500 }))
}

async function memory(count: number): Promise<void> {
  const issuer = await createTestIssuer()
  const enforcer = enforcerOf(issuer)
  console.log('| tokens | heap, MB | rss, MB |\n|---|---|---|')
  const batch = 500
  for (let done = 0; done <= count; done += batch) {
    const texts = Array.from({ length: batch }, (_, i) =>
      issuer.sign({ aud: audience, sub: `user-${done + i}`, scope }, { lifetime: 3600 }),
    )
    // oxlint-disable-next-line no-await-in-loop -- the next tokens come when these are gone
    await Promise.all((await Promise.all(texts)).map((text) => decide(enforcer, text)))
    if (done % (count / 10) === 0) {
      globalThis.gc?.()
      const { heapUsed, rss } = process.memoryUsage()
      console.log(`| ${done} | ${(heapUsed / 1e6).toFixed(1)} | ${(rss / 1e6).toFixed(1)} |`)
    }
  }
}

const asked = process.argv.indexOf('--memory')
if (asked === -1) {
  await compare('ES256')
  await compare('RS256')
  await scopesMatterNot()
} else {
  await memory(Number(process.argv[asked + 1] ?? 1_000_000))
}
