import { Service } from '../../page/src/service.ts'
import type { SampleContext } from '../../src/tokens/samples.ts'
import { sampleContext } from '../tokens/sample-context.ts'

/** A page's verifier, and the issuer that it trusts. */
export async function pageService(): Promise<{ context: SampleContext; service: Service }> {
  const issuer = 'https://vo.example'
  const context = await sampleContext(issuer)
  return { context, service: new Service({ keys: { [issuer]: { keys: [context.publicJwk] } } }) }
}
