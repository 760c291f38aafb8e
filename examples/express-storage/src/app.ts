import { formatScope } from '@scitokens/core'
import {
  getAuth,
  getJudged,
  HttpRefusalError,
  refusalHandler,
  requireMethod,
  scitokens,
  type SciTokensOptions,
} from '@scitokens/express-middleware'
import express, { type ErrorRequestHandler, type Express } from 'express'
import type { FileStorage } from './storage.ts'
import { Uploads } from './uploads.ts'
import { serve } from './webdav.ts'

/** A line of the access log. */
export interface AccessLogEntry {
  readonly method: string
  readonly path: string
  readonly subject?: string | undefined
  readonly allowed: boolean
  /** For refusals: see `docs/errors.md`. */
  readonly code?: string
  /** For operators: what exactly was wrong, or the scope that allowed it. */
  readonly reason: string
}

/** Options of {@link createStorageApp}: whose tokens count, and the files. */
export interface StorageAppOptions extends SciTokensOptions {
  readonly storage: FileStorage
  /** Told of every decision. Default: nobody is. */
  readonly log?: (entry: AccessLogEntry) => void
}

/** The service, and how to end it. */
export interface StorageApp {
  readonly app: Express
  readonly close: () => Promise<void>
}

/** The whole service: two lines ask whether, one does it. */
export function createStorageApp({ storage, log = () => {}, ...options }: StorageAppOptions): StorageApp {
  const uploads = new Uploads(storage)
  const guard = scitokens(options)
  const app = express()
  app.disable('x-powered-by')

  app.use(guard)
  app.use(requireMethod({ exists: async (path) => (await storage.stat(path)) !== undefined }))
  app.use((request, response, next) => {
    const { path, exists, destination, destinationExists, grantedBy } = getJudged(request)
    const { issuer, subject } = getAuth(request)
    log({
      method: request.method,
      path,
      subject,
      allowed: true,
      reason: grantedBy ? formatScope(grantedBy) : 'harmless',
    })
    // The right to replace was asked for only where something was there at that time; the storage holds on to that.
    const replace = (destination === undefined ? exists : destinationExists) !== false
    const owner = `${issuer} ${subject}`
    serve({ storage, uploads }, { request, response, path, destination, replace, owner, prefix: '' }).catch(next)
  })

  app.use(logRefusals(log))
  app.use(refusalHandler())
  return { app, close: () => guard.close() }
}

function logRefusals(log: (entry: AccessLogEntry) => void): ErrorRequestHandler {
  return (error: unknown, { method, path }, _response, next) => {
    if (error instanceof HttpRefusalError) {
      // The sentence for the world is in `message`; what exactly was wrong is in `cause`.
      log({ method, path, allowed: false, code: error.code, reason: (error.cause as Error).message })
    }
    next(error)
  }
}
