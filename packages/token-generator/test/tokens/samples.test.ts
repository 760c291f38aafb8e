import { ERROR_FAMILIES, StaticKeys } from '@scitokens/core'
import { Enforcer } from '@scitokens/enforcer'
import { expect, test } from 'vitest'
import { SAMPLES } from '../../src/tokens/samples.ts'
import { sampleContext } from './sample-context.ts'

const issuer = 'https://demo.example'
const context = await sampleContext(issuer)
const enforcer = new Enforcer({
  issuers: [issuer],
  audience: issuer,
  keys: new StaticKeys({ [issuer]: { keys: [context.publicJwk] } }),
  chains: true,
})

test.each(SAMPLES)('the sample $name gets the answer that it announces: $code', async ({ make, question, code }) => {
  const decision = await enforcer.decide(await make(context), question)
  expect(decision.allowed ? undefined : decision.code, decision.reason).toBe(code)
})

test('every sample has a name of its own and shows something', () => {
  expect(new Set(SAMPLES.map(({ name }) => name)).size).toBe(SAMPLES.length)
  for (const { name, code, explanation } of SAMPLES) {
    expect(name).toMatch(/^[a-z-]+$/)
    expect(explanation).toMatch(/\.$/)
    if (code !== undefined) expect(ERROR_FAMILIES).toHaveProperty(code)
  }
})
