import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ConfigError, NotAllowedError, UndecidedError } from '@scitokens/core'
import {
  callable,
  having,
  number,
  type OptionReaders,
  quote,
  readOptions,
  whole,
  wrong,
} from '@scitokens/core/internal'
import {
  authorizationCodeGrantRequest,
  AuthorizationResponseError,
  calculatePKCECodeChallenge,
  generateRandomCodeVerifier,
  generateRandomState,
  processAuthorizationCodeResponse,
  validateAuthResponse,
} from 'oauth4webapi'
import type { ClientIdentity, Grant, OAuthClient, Parties, Wanted } from './oauth-client.ts'
import { checkServerStatus } from './oauth-failure.ts'

/** Options of {@link loginByBrowser}. */
export interface BrowserLoginOptions {
  /** Called once with the address that the person's browser has to open. */
  readonly open: (url: string) => void
  /** Port for the answer; 0 takes any. RFC 8252 section 7.3. Default: 0. */
  readonly port?: number
  /** Seconds to wait for the person. Default: 300. */
  readonly patience?: number
  /** Ends the wait with `aborted`. Default: nothing does. */
  readonly signal?: AbortSignal
}

const READERS: OptionReaders<BrowserLoginOptions> = {
  open: callable<BrowserLoginOptions['open']>(),
  port: whole(0, 65_535, 'port'),
  patience: number(1, 86_400, 'seconds'),
  signal: having<AbortSignal>('addEventListener', 'an AbortSignal'),
}

/**
 * Logs a person in by a browser on this machine: authorization code with PKCE (S256), state, and the issuer's name in the answer
 * (RFC 9207), caught on a loopback port. RFC 8252.
 *
 * Throws `scope_denied` when the person said no, `aborted`, and as every grant.
 */
export async function loginByBrowser(
  oauth: OAuthClient,
  identity: ClientIdentity,
  wanted: Wanted,
  given: BrowserLoginOptions,
): Promise<Grant> {
  const options = readOptions<BrowserLoginOptions>(given, READERS)
  if (options.open === undefined) throw wrong('open', 'a function', undefined)
  const { issuer, clientId } = identity
  const { server, client, auth } = await oauth.prepare(identity)
  if (server.authorization_endpoint === undefined) {
    throw new ConfigError('config_error', `the issuer ${quote(issuer)} offers no login by browser`, { issuer })
  }
  const verifier = generateRandomCodeVerifier()
  const state = generateRandomState()
  const listener = createServer()
  try {
    const redirectUri = await listen(listener, options.port ?? 0)
    const address = new URL(server.authorization_endpoint)
    const query: Record<string, string> = {
      response_type: 'code',
      client_id: clientId,
      redirect_uri: redirectUri,
      state,
      code_challenge: await calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...(wanted.scopes.length > 0 ? { scope: wanted.scopes.join(' ') } : {}),
    }
    for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value)
    for (const name of wanted.audience) address.searchParams.append('audience', name)
    const answered = firstAnswer(listener, redirectUri, state, options)
    options.open(address.href)
    const answer = await answered
    return await oauth.attempt(issuer, () =>
      redeem(oauth, { server, client, auth }, answer, { verifier, state, redirectUri, issuer }),
    )
  } finally {
    listener.closeAllConnections()
    listener.close()
  }
}

async function redeem(
  oauth: OAuthClient,
  { server, client, auth }: Parties,
  answer: URL,
  { verifier, state, redirectUri, issuer }: { verifier: string; state: string; redirectUri: string; issuer: string },
): Promise<Grant> {
  try {
    const parameters = validateAuthResponse(server, client, answer, state)
    const response = await authorizationCodeGrantRequest(
      server,
      client,
      auth,
      parameters,
      redirectUri,
      verifier,
      oauth.transport,
    )
    checkServerStatus(issuer, response, oauth.clock())
    return oauth.readGrant(await processAuthorizationCodeResponse(server, client, response))
  } catch (error) {
    if (!(error instanceof AuthorizationResponseError)) throw error
    const { error: code, error_description: detail } = error
    const said = quote(detail === undefined ? code : `${code}: ${detail}`)
    throw new NotAllowedError('scope_denied', `the issuer ${quote(issuer)} answers ${said}`, { issuer })
  }
}

function listen(listener: Server, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    listener.once('error', (cause) =>
      reject(new ConfigError('config_error', `port ${port} on this machine cannot be used for the answer`, { cause })),
    )
    listener.listen(port, '127.0.0.1', () =>
      resolve(`http://127.0.0.1:${(listener.address() as AddressInfo).port}/callback`),
    )
  })
}

/** The first answer with our state; everything else that knocks at the port is turned away. */
function firstAnswer(
  listener: Server,
  redirectUri: string,
  state: string,
  { patience = 300, signal }: BrowserLoginOptions,
): Promise<URL> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new UndecidedError('aborted', 'nobody logged in in time')), patience * 1000)
    const give = (): void => reject(new UndecidedError('aborted', 'the login was given up'))
    if (signal?.aborted) give()
    signal?.addEventListener('abort', give, { once: true })
    listener.on('close', () => clearTimeout(timer))
    listener.on('request', (request, response) => {
      const url = new URL(request.url ?? '/', redirectUri)
      const ours = request.method === 'GET' && url.pathname === '/callback' && url.searchParams.get('state') === state
      response.writeHead(ours ? 200 : 404, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' })
      response.end(ours ? 'Done. You can close this window and go back to the terminal.\n' : 'Nothing here.\n', () => {
        if (ours) resolve(url)
      })
    })
  })
}
