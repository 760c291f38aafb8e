import type { Auth } from '@scitokens/enforcer/http'

/**
 * Gives `req.auth` its type in the whole program: `import '@scitokens/express-middleware/augment'`. Only by this explicit import,
 * because two packages that both do so contradict each other in silence.
 */
declare global {
  namespace Express {
    interface Request {
      auth?: Auth | undefined
    }
  }
}
