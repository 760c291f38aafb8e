import Fastify, { type FastifyInstance, type FastifyPluginAsync, type FastifyServerOptions } from 'fastify'

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
    ...options,
  })
  void app.register(plugin)
  return app
}
