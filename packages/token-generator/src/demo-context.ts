import type { SigningKey } from '@scitokens/core'
import type { Enforcer } from '@scitokens/enforcer'
import type { FastifyInstance, RouteShorthandOptions, preHandlerAsyncHookHandler } from 'fastify'
import type { DemoKeys } from './keys/demo-keys.ts'
import type { DemoSettings } from './demo-options.ts'
import type { PageFiles } from './page/page-files.ts'

/** What a demonstration is made of. */
export interface DemoParts {
  readonly settings: DemoSettings
  readonly keys: DemoKeys
  /** Judges the demonstration's own tokens, for itself as the audience. Chains are accepted. */
  readonly own: Enforcer
  /** Judges those of the trusted issuers elsewhere. */
  readonly foreign: Enforcer | undefined
  /** A key that nobody published, for samples. */
  readonly stranger: SigningKey
  readonly page: PageFiles
}

/** What its routes share. */
export interface DemoContext extends DemoParts {
  readonly app: FastifyInstance
  /** Options of every route: the host, where an issuer in earnest has the same server. */
  readonly route: RouteShorthandOptions
  /** Options of routes that sign or verify: an address that asks for too much is answered 429. */
  readonly limited: RouteShorthandOptions & { readonly preHandler: preHandlerAsyncHookHandler }
}
