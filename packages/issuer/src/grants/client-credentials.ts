import { given } from '@scitokens/core/internal'
import type { Grant } from './grant.ts'

/** A client that acts for itself. RFC 6749 section 4.4. Nothing is stored. */
export const clientCredentials: Grant = {
  grantType: 'client_credentials',
  shortName: 'client_credentials',
  label: undefined,
  givenTo: 'robots',
  needs: { login: false, credentials: true, redirectUri: false },
  parameters: [],
  async handle({ client, authentication: { notAfter } }) {
    return {
      principal: { kind: 'client', subject: client.subject, groups: client.groups, claims: {} },
      changes: [],
      ...given({ notAfter }),
      // RFC 6749 section 4.4.3: no refresh token; the client can ask again.
      refresh: { kind: 'none' },
    }
  },
}
