import { SigningKey } from '@scitokens/core'
import type { SampleContext } from '../../src/tokens/samples.ts'

/** What samples are made with: an issuer with a key of its own, and a stranger. */
export async function sampleContext(issuer: string): Promise<SampleContext> {
  const signer = await SigningKey.generate('ES256', { kid: 'key-es256' })
  return {
    issuer,
    audience: issuer,
    signer,
    publicJwk: signer.publicJwk,
    stranger: await SigningKey.generate('ES256'),
    now: Math.floor(Date.now() / 1000),
  }
}
