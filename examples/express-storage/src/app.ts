import {
  getAuth,
  getJudged,
  refusalHandler,
  requireMethod,
  scitokens,
  type SciTokensOptions,
} from '@scitokens/express-middleware'
import express, { type Express } from 'express'
import type { FileStorage } from './storage.ts'
import { Uploads } from './uploads.ts'
import { serve } from './webdav.ts'

/** Options of {@link createStorageApp}: whose tokens count, and the files. */
export interface StorageAppOptions extends SciTokensOptions {
  readonly storage: FileStorage
}

/** The whole service: three lines ask whether, one does it. */
export function createStorageApp({ storage, ...guard }: StorageAppOptions): Express {
  const uploads = new Uploads(storage)
  const app = express()
  app.disable('x-powered-by')
  app.use(scitokens(guard))
  app.use(requireMethod({ exists: async (path) => (await storage.stat(path)) !== undefined }))
  app.use((request, response, next) => {
    const { path, exists, destination, destinationExists } = getJudged(request)
    const { issuer, subject } = getAuth(request)
    // The right to replace was asked for only where something was there at that time; the storage holds on to that.
    const replace = (destination === undefined ? exists : destinationExists) !== false
    const owner = `${issuer} ${subject}`
    serve({ storage, uploads }, { request, response, path, destination, replace, owner, prefix: '' }).catch(next)
  })
  app.use(refusalHandler())
  return app
}
