import type { FastifyReply } from 'fastify'

/** Sends JSON as exactly `application/json`: with text Fastify would add a charset, which some clients of the field refuse. */
export function sendJson(reply: FastifyReply, json: string): FastifyReply {
  return reply.header('content-type', 'application/json').send(Buffer.from(json))
}
