import { CLIENT_PARAMETERS } from '../client-auth/authenticate.ts'
import { peerCertificate } from '../client-auth/peer-certificate.ts'
import { formOf } from '../http/form-of.ts'
import { NO_STORE } from '../http/no-store.ts'
import { TARGET_PARAMETERS } from '../http/parameter-names.ts'
import { COMMON_PARAMETERS, issueToken } from '../issuance/issue-token.ts'
import { closed, type JsonSchema, meaning, POSITIVE, TEXT, word } from '../openapi/json-schema.ts'
import { CLIENT_REFUSED, type Operation } from '../openapi/operation.ts'
import { described } from '../openapi/route-list.ts'
import type { Realm } from '../realm/realm.ts'
import { shownRequest } from '../certificates/shown-request.ts'
import { constraintsOf, type RouteContext } from './route-context.ts'
import { sendJson } from '../http/send-json.ts'

/** RFC 6749 section 5.1, RFC 8693 section 2.2.1, OpenID Connect Core section 3.1.3.3. */
const ANSWER: JsonSchema = closed(
  {
    access_token: TEXT,
    token_type: word('Bearer'),
    expires_in: meaning(POSITIVE, 'Seconds.'),
    scope: meaning(TEXT, 'What was granted; narrower than what was asked for where policy allows less.'),
  },
  { refresh_token: TEXT, id_token: TEXT, issued_token_type: TEXT },
)

function describe(realm: Realm): Operation {
  const grants = [...realm.grants.values()].flatMap(({ parameters }) => parameters)
  return {
    summary: `A token for a grant. RFC 6749 section 3.2. grant_type is one of ${[...realm.grants.keys()].join(', ')}`,
    tag: 'tokens',
    form: [...COMMON_PARAMETERS, ...TARGET_PARAMETERS, ...grants, ...CLIENT_PARAMETERS],
    required: ['grant_type'],
    shows: 'client',
    answers: { 200: ANSWER, ...CLIENT_REFUSED },
  }
}

/** `POST /token`. RFC 6749 section 3.2. */
export function tokenRoute(context: RouteContext): void {
  const { app, realm, basePath } = context
  const options = { ...constraintsOf(context), ...described({ POST: describe(realm) }) }
  app.post(`${basePath}/token`, options, async (request, reply) => {
    const response = await issueToken(realm, {
      authorization: request.headers.authorization,
      certificate: peerCertificate(request),
      parameters: formOf(request),
      address: request.ip,
      shown: realm.x509 && shownRequest(request),
    })
    return sendJson(reply.headers(NO_STORE), JSON.stringify(response))
  })
}
