import type { ClientAuthMethod } from '../clients/auth-method.ts'
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
  credentials: ClientCredentials,
  tools: AuthenticationTools,
): Promise<AuthenticatedClient> {
  const shown = readShown(credentials)
  const certificate = credentials.certificate?.certificate
  if (shown.assertion !== undefined) {
    const client = await verifyClientAssertion(shown.assertion, shown.named, tools)
    return { client, method: 'private_key_jwt', certificate }
  }
  if (shown.ids.length > 0) return { ...(await authenticateNamed(shown, tools)), certificate }
  const byCertificate = shown.secrets.length > 0 ? undefined : await tools.authenticateCertificate?.()
  if (byCertificate) return byCertificate
  throw invalidClient('no client was named')
}

/** What a request shows, read and free of contradictions. */
interface Shown {
  /** The `client_id` of the body. */
  readonly named: string | undefined
  /** Spellings of the client's name, the likelier one first; empty: none is named. */
  readonly ids: readonly string[]
  /** Spellings of the secret; empty: none was shown. */
  readonly secrets: readonly string[]
  readonly assertion: string | undefined
  readonly certificate: PeerCertificate | undefined
}

/** Throws `invalid_request` where a request uses several methods, or names two clients. */
function readShown({ authorization, certificate, parameters }: ClientCredentials): Shown {
  parameters.refuseDuplicates(CLIENT_PARAMETERS)
  const basic = parseBasic(authorization)
  const bodySecret = parameters.one('client_secret')
  const assertion = parameters.one('client_assertion')
  // "Basic id:" is how some public clients say their name (oidc-agent): no secret, no second method.
  const secrets = basic && basic.secret !== '' ? basic.secrets : bodySecret === undefined ? [] : [bodySecret]
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
  return { named, ids: basic?.ids ?? (named === undefined ? [] : [named]), secrets, assertion, certificate }
}

type Known = Pick<AuthenticatedClient, 'client' | 'method' | 'shown'>

async function authenticateNamed(shown: Shown, tools: AuthenticationTools): Promise<Known> {
  for (const clientId of shown.ids) {
    // oxlint-disable-next-line no-await-in-loop -- two spellings of one name at most
    const client = await tools.findClient(clientId)
    if (client) return authenticateKnown(client, shown, tools)
  }
  throw invalidClient('the client is not known')
}

/**
 * How each method is checked for a client that a request names: how the client is known by it; undefined where the request does not use it.
 * In the order in which they are tried. An assertion names its client itself.
 */
const CHECKS: Readonly<
  Record<
    Exclude<ClientAuthMethod, 'private_key_jwt'>,
    (client: Client, shown: Shown, tools: AuthenticationTools) => Pick<Known, 'shown'> | undefined
  >
> = {
  secret: (client, { secrets }, tools) => {
    if (secrets.length === 0) return undefined
    if (client.methods.has('secret') && secretMatches(client, secrets, tools.secrets)) return {}
    // Whoever shows a wrong secret is not let in by something else.
    throw invalidClient(`the secret of ${client.clientId} does not match`)
  },
  tls: (client, { certificate }) => {
    if (!client.methods.has('tls') || !certificate || !certificateMatches(client, certificate)) return undefined
    return { shown: describeCertificate(certificate.certificate) }
  },
  none: (client) => (client.methods.has('none') ? {} : undefined),
}

function authenticateKnown(client: Client, shown: Shown, tools: AuthenticationTools): Known {
  for (const method of ['secret', 'tls', 'none'] as const) {
    const known = CHECKS[method](client, shown, tools)
    if (known) return { client, method, ...known }
  }
  throw invalidClient(`${client.clientId} showed no credentials`)
}
