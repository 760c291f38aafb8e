import { isGroupName } from '@scitokens/core/internal'
import type { Grant } from './grant.ts'

/** RFC 7523 section 2.1: somebody whom the client's configuration trusts vouches for the subject. */
export const jwtBearer: Grant = {
  grantType: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
  shortName: 'jwt_bearer',
  label: undefined,
  givenTo: 'nobody',
  needs: { login: false, credentials: false, redirectUri: false },
  parameters: ['assertion'],
  async handle({ client, parameters, tools }) {
    const claims = await tools.verifyAssertion(parameters.required('assertion'), client)
    const groups = claims['wlcg.groups']
    return {
      principal: {
        kind: 'user',
        subject: claims['sub'] as string,
        groups: Array.isArray(groups)
          ? groups.filter((group): group is string => typeof group === 'string' && isGroupName(group))
          : [],
        claims,
      },
      changes: [
        {
          insert: {
            realm: tools.issuer,
            kind: 'used',
            id: tools.secrets.hash('lookup', 'assertion', claims['iss'] as string, claims['jti'] as string),
            value: {},
            expiresAt: (claims['exp'] as number) + 120,
          },
        },
      ],
      conflict: 'the assertion was used before',
      refresh: { kind: 'none' },
      parent: claims['jti'] as string,
    }
  },
}
