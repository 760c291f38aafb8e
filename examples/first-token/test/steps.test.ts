import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Site, startSite } from '../src/site.ts'
import { getTokens, type Outcome, runStory, type Step, storyOf, type Tokens } from '../src/steps.ts'

let directory: string
let site: Site
let tokens: Tokens
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'steps-'))
  site = await startSite(directory)
  tokens = await getTokens(site)
})
afterAll(async () => {
  await site.close()
  await rm(directory, { recursive: true, force: true })
})

async function run(steps: readonly Step[]): Promise<{ wrong: number; outcomes: Outcome[] }> {
  const outcomes: Outcome[] = []
  const wrong = await runStory(site, steps, (outcome) => outcomes.push(outcome))
  return { wrong, outcomes }
}

describe('the story', () => {
  it('comes out as it should', async () => {
    const { wrong, outcomes } = await run(storyOf(tokens))
    expect(wrong).toBe(0)
    expect(outcomes.map(({ allowed }) => allowed)).toEqual([true, true, false, false, false, false, false, false])
  })

  it('counts a wrong decision in either direction, and a refusal for another reason', async () => {
    const [write, , refused] = storyOf(tokens)
    const { wrong, outcomes } = await run([
      { ...write!, expected: { allowed: false, code: 'scope_denied' } },
      { ...refused!, expected: { allowed: true } },
      { ...refused!, expected: { allowed: false, code: 'expired' } },
      refused!,
    ])
    expect(wrong).toBe(3)
    expect(outcomes.map(({ right }) => right)).toEqual([false, false, false, true])
  })

  it('leaves the clock as it was: a token of one minute is good before and after it has been expired', async () => {
    const expired = storyOf(tokens).find(({ laterBySeconds }) => laterBySeconds !== undefined)!
    const { laterBySeconds: _, ...now } = {
      ...expired,
      path: '/store/data/run-1.txt',
      expected: { allowed: true } as const,
    }
    expect((await run([now, expired, now])).wrong).toBe(0)
  })

  it('is real: the keys came over HTTP into the key cache, and the changed token is the good one but for its claims', () => {
    expect(existsSync(join(directory, 'key-cache'))).toBe(true)
    expect(existsSync(join(directory, 'issuer.sqlite'))).toBe(true)
    const parts = (token: string): string[] => token.split('.')
    expect(parts(tokens.tampered)[2]).toBe(parts(tokens.good)[2])
    expect(parts(tokens.tampered)[1]).not.toBe(parts(tokens.good)[1])
  })
})
