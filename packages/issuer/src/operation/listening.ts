import { ConfigError } from '@scitokens/core'
import type { FastifyInstance } from 'fastify'

/** How often a stop looks for connections that have become idle, in milliseconds. */
const IDLE_CHECK_MS = 50

/** Listens; answers the address. Throws `config_error` in words. */
export async function listenOn(app: FastifyInstance, where: { host: string; port: number }): Promise<string> {
  try {
    return await app.listen(where)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const why =
      code === 'EADDRINUSE' ? 'the port is in use' : code === 'EACCES' ? 'this account may not use the port' : code
    throw new ConfigError(`cannot listen on ${where.host}, port ${where.port}: ${why}`)
  }
}

/** Lets requests finish; connections that are idle by then end at once instead of waiting for their next request. */
export async function closeGracefully(app: FastifyInstance): Promise<void> {
  const timer = setInterval(() => app.server.closeIdleConnections(), IDLE_CHECK_MS)
  await app.close().finally(() => clearInterval(timer))
}
