import { ERROR_CODES, SigningKey, StaticKeys } from '@scitokens/core'
import { Enforcer } from '@scitokens/enforcer'
import { expect, test } from 'vitest'
import { SAMPLES, type SampleContext } from '../../src/demo/samples.ts'

const issuer = 'https://demo.example'
const signer = await SigningKey.generate('ES256', { kid: 'key-es256' })
const context: SampleContext = {
  issuer,
  audience: issuer,
  signer,
  publicJwk: signer.publicJwk,
  stranger: await SigningKey.generate('ES256'),
  now: Math.floor(Date.now() / 1000),
}
const enforcer = new Enforcer({
  issuers: [issuer],
  audience: issuer,
  keys: new StaticKeys({ [issuer]: { keys: [signer.publicJwk] } }),
  chains: true,
})

test.each(SAMPLES)('the sample $name gets the answer that it announces: $code', async ({ make, question, code }) => {
  const decision = await enforcer.authorize(await make(context), question)
  expect(decision.allowed ? undefined : decision.code, decision.reason).toBe(code)
})

test('every sample has a name of its own and shows something', () => {
  expect(new Set(SAMPLES.map(({ name }) => name)).size).toBe(SAMPLES.length)
  for (const { name, code, explanation } of SAMPLES) {
    expect(name).toMatch(/^[a-z-]+$/)
    expect(explanation).toMatch(/\.$/)
    if (code !== undefined) expect(ERROR_CODES).toContain(code)
  }
})
