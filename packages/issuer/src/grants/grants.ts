import { authorizationCode } from './authorization-code.ts'
import { clientCredentials } from './client-credentials.ts'
import { deviceCode } from './device-code.ts'
import type { Grant } from './grant.ts'
import { jwtBearer } from './jwt-bearer.ts'
import { refreshToken } from './refresh-token.ts'
import { tokenExchange } from './token-exchange.ts'

/** Every grant that is served. A new one is a file, a line here, and its `grant_type` in `clients/grant-type.ts`. */
export const GRANTS: readonly Grant[] = [
  clientCredentials,
  authorizationCode,
  refreshToken,
  deviceCode,
  tokenExchange,
  jwtBearer,
]
