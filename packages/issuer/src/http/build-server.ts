import type { SecureContextOptions } from 'node:tls'
import Fastify, { type FastifyInstance, type FastifyPluginAsync, type FastifyServerOptions } from 'fastify'
import { TLS_SERVER } from './tls-server.ts'

/** A Fastify server around the plugin, with bounds on what slow or greedy clients can hold. */
export function buildServer(plugin: FastifyPluginAsync, options: FastifyServerOptions = {}): FastifyInstance {
  const app = Fastify({
    bodyLimit: 65_536,
    // A whole request must be here within this time, headers and body; idle connections end.
    requestTimeout: 10_000,
    connectionTimeout: 30_000,
    keepAliveTimeout: 30_000,
    routerOptions: { maxParamLength: 256 },
    forceCloseConnections: 'idle',
    ...withModernTls(options),
  })
  void app.register(plugin)
  return app
}

/** TLS as `TLS_SERVER` has it, unless the options say otherwise. */
function withModernTls(
  options: FastifyServerOptions & { readonly https?: SecureContextOptions | null },
): FastifyServerOptions {
  const { https } = options
  return https ? ({ ...options, https: { ...TLS_SERVER, ...https } } as FastifyServerOptions) : options
}
