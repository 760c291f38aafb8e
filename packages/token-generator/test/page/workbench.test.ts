import { beforeEach, describe, expect, test } from 'vitest'
import type { Shown } from '../../page/src/desk.ts'
import { Service } from '../../page/src/service.ts'
import { BROWSER_ISSUER, browserSource, SourceError, type TokenSource, type Wish } from '../../page/src/signing.ts'
import { SAMPLES } from '../../src/tokens/samples.ts'
import { Workbench } from '../../page/src/workbench.ts'

const SERVER = 'https://demo.example'
const clock = (): number => Date.now() / 1000
const page = await browserSource(clock)

interface Waiting {
  readonly wish: Wish
  answer(token: string): void
  fail(error: Error): void
}

let waiting: Waiting[]
let problems: string[]
let seen: Shown[]
let desk: Workbench

/** A server that answers when the test says so. */
const server: TokenSource = {
  issuer: SERVER,
  issue: (wish) => new Promise((answer, fail) => waiting.push({ wish, answer, fail })),
  sample: () => Promise.reject(new SourceError('The server cannot be reached.', true)),
}

beforeEach(() => {
  waiting = []
  problems = []
  seen = []
  desk = new Workbench({
    settings: { issuer: SERVER, lifetime: 600, maxLifetime: 86_400, trustedIssuers: [] },
    service: new Service({ keys: { [SERVER]: page.jwks, [BROWSER_ISSUER]: page.jwks }, clock }),
    sources: { server, page },
    signer: 'server',
    clock,
    meanings: { expired: ['its time is over', 'get another'] },
    tell: (problem) => problems.push(problem),
  })
  desk.connect([{ render: (shown) => seen.push(shown) }])
})

const tokenOf = (sub: string): Promise<string> =>
  page.issue({ payload: { sub, scope: 'read:/data' }, algorithm: 'RS256', profile: 'scitoken:2.0' })
const subject = (): unknown => desk.shown().parts.claims.value?.['sub']

describe('the desk', () => {
  test('shows what is laid on it: judged, and with what it says of itself', async () => {
    desk.lay(await tokenOf('ana'), { issuer: BROWSER_ISSUER, audience: BROWSER_ISSUER, path: '/data/x' })
    await expect.poll(() => seen.length).toBe(1)
    expect(seen[0]).toMatchObject({
      algorithm: 'RS256',
      profile: 'scitoken:2.0',
      verdict: { acceptable: true },
      decision: { allowed: true },
    })
  })

  test('of two claims that are being signed the last counts, whichever answer comes first', async () => {
    const first = desk.sign({ sub: 'first' })
    const second = desk.sign({ sub: 'second' })
    waiting[1]!.answer(await tokenOf('second'))
    await second
    waiting[0]!.answer(await tokenOf('first'))
    await first
    expect(subject()).toBe('second')
  })

  test('what was pasted meanwhile is not taken away by a token that comes late', async () => {
    const signing = desk.sign({ sub: 'late' })
    desk.lay(await tokenOf('pasted'))
    waiting[0]!.answer(await tokenOf('late'))
    await signing
    await expect.poll(subject).toBe('pasted')
  })

  test('where the server cannot be reached a key of the page signs, and the reader is told', async () => {
    const signing = desk.sign({ sub: 'ana', aud: SERVER, scope: 'read:/data' })
    waiting[0]!.fail(new SourceError('The server cannot be reached.', true))
    await signing
    expect(problems.at(-1)).toMatch(/cannot be reached\. From now on a key of this page signs\./)
    expect(desk.shown()).toMatchObject({
      signer: 'page',
      question: { issuer: BROWSER_ISSUER, audience: BROWSER_ISSUER },
      verdict: { acceptable: true },
    })
    expect(desk.shown().parts.claims.value).toMatchObject({ sub: 'ana', aud: BROWSER_ISSUER })
  })

  test('what the server refuses is told, and what lies there stays', async () => {
    desk.lay(await tokenOf('ana'))
    await expect.poll(subject).toBe('ana')
    const signing = desk.sign({ sub: 'x' })
    waiting[0]!.fail(new SourceError('payload must be a JSON object', false))
    await signing
    expect(problems.at(-1)).toBe('payload must be a JSON object')
    expect([subject(), desk.shown().signer]).toEqual(['ana', 'server'])
  })

  test('a sample comes from the page, too, where the server cannot be reached', async () => {
    const sample = SAMPLES.find(({ name }) => name === 'expired')!
    const token = await desk.makeSample(sample)
    expect(await desk.service.judge(token)).toMatchObject({ acceptable: false, error: { code: 'expired' } })
    expect([desk.shown().signer, problems.at(-1)]).toEqual(['page', expect.stringMatching(/a key of this page/)])
  })

  test('what is chosen holds for the next token', async () => {
    desk.choose({ profile: 'wlcg:1.x', algorithm: 'RS256' })
    void desk.sign({ sub: 'ana' })
    expect(waiting[0]!.wish).toMatchObject({ profile: 'wlcg:1.x', algorithm: 'RS256', payload: { sub: 'ana' } })
  })

  test('a code without a row in the documentation has no meaning, and members of objects are none', () => {
    expect(desk.meaningOf('expired')).toEqual(['its time is over', 'get another'])
    expect([desk.meaningOf('other'), desk.meaningOf('constructor')]).toEqual([undefined, undefined])
  })
})
