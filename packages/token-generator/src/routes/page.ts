import type { FastifyReply, FastifyRequest } from 'fastify'
import { sendJson } from '@scitokens/issuer/internal'
import type { DemoContext } from '../demo-context.ts'
import { DEFAULT_LIFETIME } from '../demo-options.ts'
import type { PageFile } from '../page/page-files.ts'

/**
 * Scripts and styles are files of this origin and nothing else; trusted types keep text from becoming markup. Whatever the page
 * shows of a token, it cannot become a program, and there is nowhere that it could be sent but here.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "worker-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types scitokens',
].join('; ')

const HEADERS = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  // The fragment is never sent, and the rest of the address nobody's business.
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
}

/** The page for people. */
export function pageRoutes(context: DemoContext): void {
  const { app, settings, page, route } = context
  const { issuer, basePath, maxLifetime, trustedIssuers } = settings
  for (const [name, file] of page) {
    const path = `${basePath}/${PATHS[name] ?? name}`
    app.get(path, route, (request, reply) => sendFile(request, reply, file))
  }
  if (basePath !== '') app.get(basePath, route, (_request, reply) => reply.redirect(`${basePath}/`, 308))
  const shown = JSON.stringify({ issuer, lifetime: DEFAULT_LIFETIME, maxLifetime, trustedIssuers })
  app.get(`${basePath}/settings.json`, route, (_request, reply) =>
    sendJson(reply.header('cache-control', 'no-cache'), shown),
  )
}

/** Files that are known by another name. */
const PATHS: Readonly<Record<string, string>> = { 'index.html': '', 'device-code.html': 'device-code' }

function sendFile(request: FastifyRequest, reply: FastifyReply, file: PageFile): FastifyReply {
  const { type, etag, isImmutable } = file
  reply
    .headers(HEADERS)
    .type(type)
    .headers({
      etag,
      vary: 'accept-encoding',
      'cache-control': isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    })
  if (request.headers['if-none-match'] === etag) return reply.code(304).send()
  const accepted = request.headers['accept-encoding'] ?? ''
  const encoding = (['br', 'gzip'] as const).find((name) =>
    new RegExp(`(^|[ ,])${name}(?!;q=0(\\.0+)?(,|$))`).test(accepted),
  )
  if (encoding) reply.header('content-encoding', encoding)
  return reply.send(file.encoded(encoding ?? 'identity'))
}
