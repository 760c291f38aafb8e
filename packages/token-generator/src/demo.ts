import { SigningKey } from '@scitokens/core'
import { Enforcer } from '@scitokens/enforcer'
import { KeyCache } from '@scitokens/keycache'
import type { FastifyInstance, FastifyPluginAsync, FastifyServerOptions } from 'fastify'
import { loadPage } from '#page'
import { buildServer, type ListenOptions } from '@scitokens/issuer/internal'
import type { DemoParts } from './demo-context.ts'
import { openDemoKeys } from './keys/demo-keys.ts'
import { type DemoOptions, type DemoSettings, readDemoOptions } from './demo-options.ts'
import { demoHostPlugin, demoPlugin } from './demo-plugin.ts'
import { preparePage } from './page/page-files.ts'

/** A token generator for whoever wants to understand tokens: endpoints and a page. */
export interface Demo {
  /** Its URL, which is the `iss` of its tokens. */
  readonly issuer: string
  /** All endpoints and the page, for a Fastify application of your own. */
  readonly plugin: FastifyPluginAsync
  /** The same for the server of an issuer in earnest: it answers its own host, and nothing else does. Register it before the issuer. */
  readonly hostPlugin: FastifyPluginAsync
  /** A server with nothing but the demonstration. Options go to Fastify (TLS, proxies). */
  buildServer(options?: FastifyServerOptions): FastifyInstance
  /** Builds a server and listens; returns its address. */
  listen(options?: ListenOptions): Promise<string>
  /** Ends its servers, and forgets keys that stand in memory only. */
  close(): Promise<void>
}

const KEYS_LOOKED_AT_MS = 60_000

/**
 * Opens a demonstration: anybody can have almost any token signed by it, so its issuer is trusted by nobody but itself. It has a
 * URL and keys of its own.
 *
 * Throws `config_error`, `insecure_url`.
 */
export async function openDemo(options: DemoOptions): Promise<Demo> {
  const settings = readDemoOptions(options)
  const keys = await openDemoKeys(options.keys ?? { rotation: {} }, settings.clock)
  const cache = options.foreignKeys ? undefined : foreignCache(settings)
  const { issuer, clock, dangerouslyAllowLoopbackHttp } = settings
  const parts: DemoParts = {
    settings,
    keys,
    own: new Enforcer({
      issuers: [issuer],
      audience: issuer,
      keys: { getKeySet: async () => (await keys.published()).keySet },
      chains: true,
      clock,
      dangerouslyAllowLoopbackHttp,
    }),
    foreign: foreignEnforcer(settings, options.foreignKeys ?? cache),
    stranger: await SigningKey.generate('ES256'),
    page: preparePage(await loadPage()),
  }
  const servers: FastifyInstance[] = []
  const timer = setInterval(() => {
    keys.refresh().catch((error: unknown) => settings.logger.error({ err: error }, 'the keys could not be looked at'))
  }, KEYS_LOOKED_AT_MS)
  timer.unref()
  const build = (serverOptions?: FastifyServerOptions): FastifyInstance => {
    const server = buildServer(demoPlugin(parts), serverOptions)
    servers.push(server)
    return server
  }
  return {
    issuer,
    plugin: demoPlugin(parts),
    hostPlugin: demoHostPlugin(parts),
    buildServer: build,
    listen: async ({ host = '127.0.0.1', port = 0 } = {}) => build().listen({ host, port }),
    close: async () => {
      clearInterval(timer)
      await Promise.all(servers.map((server) => server.close()))
      await cache?.close()
      await keys.close()
    },
  }
}

function foreignCache({ trustedIssuers, clock, dangerouslyAllowLoopbackHttp }: DemoSettings): KeyCache | undefined {
  if (trustedIssuers.length === 0) return undefined
  return new KeyCache({ issuers: trustedIssuers, store: 'memory', clock, dangerouslyAllowLoopbackHttp })
}

function foreignEnforcer(
  { trustedIssuers, clock, dangerouslyAllowLoopbackHttp }: DemoSettings,
  keys: DemoOptions['foreignKeys'],
): Enforcer | undefined {
  if (trustedIssuers.length === 0 || !keys) return undefined
  return new Enforcer({
    issuers: trustedIssuers,
    sharedBasePaths: ['/'],
    // Whomever they are meant for: the page asks whether they are good, and says for whom.
    audienceCheck: 'none',
    keys,
    clock,
    dangerouslyAllowLoopbackHttp,
  })
}
