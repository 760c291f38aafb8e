import { SigningKey } from '@scitokens/core'
import { Service } from '../../../page/src/service.ts'
import type { SampleContext } from '../../../src/demo/samples.ts'

/** A page's verifier, and the issuer that it trusts. */
export async function pageService(): Promise<{ context: SampleContext; service: Service }> {
  const issuer = 'https://vo.example'
  const signer = await SigningKey.generate('ES256', { kid: 'key-es256' })
  const context: SampleContext = {
    issuer,
    audience: issuer,
    signer,
    publicJwk: signer.publicJwk,
    stranger: await SigningKey.generate('ES256'),
    now: Math.floor(Date.now() / 1000),
  }
  return { context, service: new Service({ keys: { [issuer]: { keys: [signer.publicJwk] } } }) }
}
