import type { Client } from '../clients/client.ts'
import { invalidClient, OAuthError } from '../http/oauth-error.ts'
import type { Parameters } from '../http/parameters.ts'
import type { AuthenticatedClient } from './authenticated-client.ts'
import { parseBasic, secretMatches } from './secret.ts'
import { verifyClientAssertion, type AssertionTools } from './private-key-jwt.ts'
import { certificateMatches, describeCertificate, type PeerCertificate } from './mutual-tls.ts'

/** What a request shows of its client. */
export interface ClientCredentials {
  readonly authorization: string | undefined
  readonly certificate: PeerCertificate | undefined
  readonly parameters: Parameters
}

/** Parameters that client authentication reads. */
export const CLIENT_PARAMETERS: readonly string[] = [
  'client_id',
  'client_secret',
  'client_assertion',
  'client_assertion_type',
]

const JWT_ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** What authentication needs of the issuer. */
export interface AuthenticationTools extends AssertionTools {
  findClient(clientId: string): Promise<Client | undefined>
  /** The client of a request that names none, by its certificate; undefined: it shows none. */
  authenticateCertificate?(): Promise<AuthenticatedClient | undefined>
}

/**
 * Authenticates a client by whichever method it used: Basic and the body are interchangeable, but one request uses one method
 * (RFC 6749 section 2.3). Throws `invalid_client` for every failure alike, `invalid_request` for contradictions.
 */
export async function authenticateClient(
  { authorization, certificate, parameters }: ClientCredentials,
  tools: AuthenticationTools,
): Promise<AuthenticatedClient> {
  parameters.refuseDuplicates(CLIENT_PARAMETERS)
  const basic = parseBasic(authorization)
  const bodySecret = parameters.one('client_secret')
  const assertion = parameters.one('client_assertion')
  // "Basic id:" is how some public clients say their name (oidc-agent): no secret, no second method.
  const methods = [basic && basic.secret !== '', bodySecret, assertion].filter(Boolean)
  if (methods.length > 1)
    throw new OAuthError('invalid_request', 'use one method of client authentication, not several')
  const assertionType = parameters.one('client_assertion_type')
  if (
    (assertion === undefined) !== (assertionType === undefined) ||
    (assertionType && assertionType !== JWT_ASSERTION)
  ) {
    throw new OAuthError('invalid_request', `client_assertion goes with the client_assertion_type ${JWT_ASSERTION}`)
  }
  const named = parameters.one('client_id')
  if (basic && named !== undefined && !basic.ids.includes(named)) {
    throw new OAuthError('invalid_request', 'client_id differs from the client of the Authorization header')
  }
  if (assertion !== undefined) {
    const client = await verifyClientAssertion(assertion, named, tools)
    return { client, method: 'private_key_jwt', certificate: certificate?.certificate }
  }
  for (const clientId of basic ? basic.ids : named === undefined ? [] : [named]) {
    // oxlint-disable-next-line no-await-in-loop -- two spellings of one name at most
    const client = await tools.findClient(clientId)
    if (!client) continue
    const secrets = basic && basic.secret !== '' ? basic.secrets : bodySecret === undefined ? [] : [bodySecret]
    return { ...authenticateNamed(client, secrets, certificate, tools), certificate: certificate?.certificate }
  }
  if (!basic && named === undefined) {
    const byCertificate = bodySecret === undefined ? await tools.authenticateCertificate?.() : undefined
    if (byCertificate) return byCertificate
    throw invalidClient('no client was named')
  }
  throw invalidClient('the client is not known')
}

function authenticateNamed(
  client: Client,
  secrets: readonly string[],
  certificate: PeerCertificate | undefined,
  tools: AuthenticationTools,
): Pick<AuthenticatedClient, 'client' | 'method' | 'shown'> {
  if (secrets.length > 0) {
    if (!client.methods.has('secret') || !secretMatches(client, secrets, tools.secrets)) {
      throw invalidClient(`the secret of ${client.clientId} does not match`)
    }
    return { client, method: 'secret' }
  }
  if (client.methods.has('tls') && certificate && certificateMatches(client, certificate)) {
    return { client, method: 'tls', shown: describeCertificate(certificate.certificate) }
  }
  if (client.methods.has('none')) return { client, method: 'none' }
  throw invalidClient(`${client.clientId} showed no credentials`)
}
