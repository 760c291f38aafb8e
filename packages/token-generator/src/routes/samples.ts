import { sendJson } from '@scitokens/issuer/internal'
import type { DemoContext } from '../demo-context.ts'
import { SAMPLES } from '../tokens/samples.ts'

/** `/samples`: broken tokens for the tests of other libraries, each with the answer that it deserves. */
export function sampleRoutes(context: DemoContext): void {
  const { app, settings, keys, stranger, route, limited } = context
  const { issuer, basePath, clock } = settings
  const list = SAMPLES.map(({ make: _, code, ...sample }) => ({
    ...sample,
    expected: code === undefined ? { allowed: true } : { allowed: false, code },
    url: `${issuer}/samples/${sample.name}`,
  }))
  const body = JSON.stringify({ issuer, audience: issuer, samples: list })
  app.get(`${basePath}/samples`, route, (_request, reply) => sendJson(reply, body))

  app.get<{ Params: { name: string }; Querystring: { algorithm?: string } }>(
    `${basePath}/samples/:name`,
    limited,
    async ({ params, query }, reply) => {
      reply.type('text/plain; charset=utf-8')
      const sample = SAMPLES.find(({ name }) => name === params.name)
      if (!sample) return reply.code(404).send(`There is no sample of this name: see ${issuer}/samples`)
      const signer = keys.signer(query.algorithm === 'RS256' ? 'RS256' : 'ES256')
      const { keySet } = await keys.published()
      const publicJwk = keySet.keys.find(({ kid }) => kid === signer.kid)!.jwk
      const now = Math.floor(clock())
      return reply.send(await sample.make({ issuer, audience: issuer, signer, publicJwk, stranger, now }))
    },
  )
}
