import { fromRawHeaders, type GuardOutcome, HttpRefusalError } from '@scitokens/enforcer/http'
import { type AppGuard, createAppGuard, cutTarget } from '@scitokens/enforcer/internal'
import { KeyCache } from '@scitokens/keycache'
import type { NextFunction, Request, RequestHandler, Response } from 'express'
import { sendMetadata } from './metadata.ts'
import { readSciTokensOptions, type SciTokensOptions } from './options.ts'
import { guarded, type Refuse } from './guarded.ts'
import { sendRefusal } from './send-refusal.ts'

/** The middleware, and what belongs to it. */
export interface SciTokensMiddleware extends RequestHandler {
  /** Serves the RFC 9728 metadata and nothing else: for the app's root, where the middleware itself guards only a part of it. */
  readonly metadata: RequestHandler
  /** Closes the key cache, if one was made here. */
  readonly close: () => Promise<void>
}

/**
 * Asks every request that passes for an acceptable token. What the token allows is asked afterwards, by `requireScope` or
 * `requireMethod`.
 *
 * Throws `config_error`, `insecure_url` at once for options that make no sense.
 */
export function scitokens(options: SciTokensOptions): SciTokensMiddleware {
  const { keyCache, handleErrors = false, property = 'auth', ...guardOptions } = readSciTokensOptions(options)
  const { queryParameter } = guardOptions
  let cache: KeyCache | undefined
  const app = createAppGuard(
    guardOptions,
    (needs) => (cache = new KeyCache({ ...needs, ...keyCache, issuers: needs.issuers })),
  )
  const metadata = metadataHandler(app)
  const refuse: Refuse = (stopped, response, next) =>
    handleErrors ? sendRefusal(stopped, response) : next(new HttpRefusalError(stopped))

  const proceed = (outcome: GuardOutcome, request: Request, response: Response, next: NextFunction): void => {
    if (!outcome.ok) return refuse(outcome, response, next)
    guarded.set(request, { guard: app.guard, auth: outcome.auth, refuse, judged: undefined, url: undefined })
    if (property !== false) (request as unknown as Record<string, unknown>)[property] = outcome.auth
    next()
  }

  const handler: RequestHandler = (request, response, next) => {
    if (isMetadata(app, request)) return void metadata(request, response, next)
    const headers = fromRawHeaders(request.rawHeaders)
    const outcome = app.guard.authenticate(
      queryParameter === undefined ? { headers } : { headers, query: cutTarget(request.url).query },
    )
    // A token that is known costs no wait.
    if (!(outcome instanceof Promise)) return proceed(outcome, request, response, next)
    outcome.then((waited) => proceed(waited, request, response, next)).catch(next)
  }
  return Object.assign(handler, { metadata, close: async () => cache?.close() })
}

function isMetadata({ metadata }: AppGuard, request: Request): boolean {
  return metadata !== undefined && cutTarget(request.originalUrl).path === metadata.path
}

function metadataHandler(app: AppGuard): RequestHandler {
  return (request: Request, response: Response, next) => {
    if (app.metadata && isMetadata(app, request)) sendMetadata(app.metadata, request, response)
    else next()
  }
}
