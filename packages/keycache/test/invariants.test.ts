import type { Jwk } from '@scitokens/core'
import { createTestClock } from '@scitokens/core/testing'
import * as fc from 'fast-check'
import { beforeAll, expect, test, vi } from 'vitest'
import { type HttpGet, KeyCache } from '../src/index.ts'
import { newKey } from './issuer-server.ts'

// Whatever happens in whatever order: what a cache promises always. The network is a function here, so that thousands of
// histories pass in seconds; what real networks do is the other tests' matter.

vi.setConfig({ testTimeout: 120_000 })

const ISSUER = 'https://issuer.example'
const KIDS = ['a', 'b', 'c'] as const
const USABLE_FOR = 345_600
let keys: Record<(typeof KIDS)[number], Jwk>

beforeAll(async () => {
  keys = { a: await newKey('a'), b: await newKey('b'), c: await newKey('c') }
})

interface Step {
  /** Seconds that pass first. */
  readonly pass: number
  readonly up: boolean
  readonly listed: readonly (typeof KIDS)[number][]
  readonly kid: (typeof KIDS)[number]
}

interface Attempt {
  readonly at: number
  /** What the issuer listed; undefined when it failed. */
  readonly listed: readonly string[] | undefined
}

const steps = fc.array(
  fc.record<Step>({
    pass: fc.oneof(fc.constant(0), fc.nat(5), fc.nat(60), fc.nat(7200), fc.nat(2 * USABLE_FOR)),
    up: fc.boolean(),
    listed: fc.subarray([...KIDS], { minLength: 1 }),
    kid: fc.constantFrom(...KIDS),
  }),
  { minLength: 1, maxLength: 40 },
)

/** Lives through a history and checks every answer. */
async function live(history: readonly Step[], staleRefresh: 'background' | 'wait'): Promise<void> {
  const clock = createTestClock()
  const attempts: Attempt[] = []
  let now: Pick<Step, 'up' | 'listed'> = history[0]!
  const answer = (document: unknown): Awaited<ReturnType<HttpGet>> => ({
    status: 200,
    headers: {},
    body: Buffer.from(JSON.stringify(document)),
  })
  const http: HttpGet = async ({ url }) => {
    if (url.pathname === '/jwks') return answer({ keys: now.listed.map((kid) => keys[kid as 'a']) })
    attempts.push({ at: clock(), listed: now.up ? now.listed : undefined })
    return now.up
      ? answer({ issuer: ISSUER, jwks_uri: `${ISSUER}/jwks` })
      : { status: 503, headers: {}, body: new Uint8Array() }
  }
  const cache = new KeyCache({ issuers: [ISSUER], store: 'memory', http, clock, staleRefresh })
  for (const step of history) {
    clock.advance(step.pass)
    now = step
    const [before] = attempts.filter(({ listed }) => listed).slice(-1)
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const outcome = await cache.getKey(ISSUER, step.kid).then(
      () => 'served',
      (error: { code: string }) => error.code,
    )
    // oxlint-disable-next-line no-await-in-loop -- what runs in the background comes to its end
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
    const [after] = attempts.filter(({ listed }) => listed).slice(-1)
    const usable = before !== undefined && clock() - before.at < USABLE_FOR
    const known = usable && before.listed!.includes(step.kid)
    switch (outcome) {
      case 'served':
        expect(known || (after !== before && after!.listed!.includes(step.kid))).toBe(true)
        break
      case 'key_not_found':
        // The issuer itself said so, and nothing has failed since.
        expect(after!.listed).not.toContain(step.kid)
        expect(attempts.at(-1)!.listed).toBeDefined()
        break
      default:
        expect(outcome).toBe('issuer_unavailable')
        expect(attempts.at(-1)!.listed).toBeUndefined()
        expect(known).toBe(false)
    }
  }
  await cache.close()
  checkPace(attempts)
}

/** No two attempts closer than cooldown or back-off allow. */
function checkPace(attempts: readonly Attempt[]): void {
  let failures = 0
  for (const [index, { at, listed }] of attempts.entries()) {
    const next = attempts[index + 1]
    failures = listed === undefined ? failures + 1 : 0
    const least = listed === undefined ? Math.min(300, 2 ** (failures - 1)) / 2 : 30
    if (next) expect(next.at - at).toBeGreaterThanOrEqual(least)
  }
}

test.each(['background', 'wait'] as const)(
  'in every history (%s): good keys serve, withdrawn ones do not, failures are no refusals, and the issuer is asked at a measured pace',
  async (staleRefresh) => {
    await fc.assert(
      fc.asyncProperty(steps, (history) => live(history, staleRefresh)),
      { numRuns: 200 },
    )
  },
)
