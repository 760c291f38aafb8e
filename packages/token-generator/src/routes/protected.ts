import type { FastifyReply, FastifyRequest } from 'fastify'
import type { DemoContext } from '../demo-context.ts'

const AREAS = [
  { path: '/protected', yes: 'Successfully accessed the protected resource!' },
  { path: '/secret', yes: 'You have found the secret.' },
] as const

/** `/protected` and `/secret`: what a service does with a token. */
export function protectedRoutes(context: DemoContext): void {
  for (const { path, yes } of AREAS) {
    context.app.get(`${context.settings.basePath}${path}`, context.limited, async (request, reply) => {
      reply.type('text/plain; charset=utf-8')
      const token = bearerOf(request)
      if (token === undefined) return challenge(reply, 401, 'Bearer').send('No Authentication Header')
      if (token === '') return challenge(reply, 401, 'Bearer').send('Authentication header incorrect format')
      return answer(context, reply, token, { path, yes })
    })
  }
}

async function answer(
  { own }: DemoContext,
  reply: FastifyReply,
  token: string,
  { path, yes }: { path: string; yes: string },
): Promise<FastifyReply> {
  const decision = await own.decide(token, { authz: 'read', path })
  if (decision.allowed) return reply.send(yes)
  switch (decision.family) {
    case 'not_acceptable':
      return challenge(reply, 401, 'Bearer error="invalid_token"').send(`Unable to deserialize: ${decision.reason}`)
    case 'not_allowed':
      return challenge(reply, 403, `Bearer error="insufficient_scope", scope="read:${path}"`).send(
        `Validation incorrect: ${decision.reason}`,
      )
    case 'invalid_request':
    case 'undecided':
    case 'config':
      throw decision.error
  }
}

/** The token; empty where the header is not of the right form. RFC 6750 section 2.1. */
function bearerOf({ headers }: FastifyRequest): string | undefined {
  const { authorization } = headers
  return authorization === undefined ? undefined : (/^bearer +(\S+)$/i.exec(authorization.trim())?.[1] ?? '')
}

function challenge(reply: FastifyReply, status: number, value: string): FastifyReply {
  return reply.code(status).header('www-authenticate', value)
}
