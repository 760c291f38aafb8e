import { ConfigError, UndecidedError } from '@scitokens/core'
import {
  callable,
  having,
  isWebUrl,
  type OptionReaders,
  quote,
  readOptions,
  sleep,
  wrong,
} from '@scitokens/core/internal'
import {
  deviceAuthorizationRequest,
  deviceCodeGrantRequest,
  processDeviceAuthorizationResponse,
  processDeviceCodeResponse,
  ResponseBodyError,
} from 'oauth4webapi'
import type { ClientIdentity, Grant, OAuthClient, Wanted } from './oauth-client.ts'
import { checkServerStatus, fromOAuthFailure, loginRequired } from './oauth-failure.ts'

/** What a person has to do elsewhere. */
export interface DevicePrompt {
  /** Where the person goes with any browser. */
  readonly verificationUri: string
  /** The same with the code in it, where the issuer gives one: for a QR code. */
  readonly verificationUriComplete: string | undefined
  /** The code that the person types in. */
  readonly userCode: string
  /** Seconds for which the code is good. */
  readonly expiresIn: number
}

/** Options of {@link loginByDevice}. */
export interface DeviceLoginOptions {
  /** Called once, before waiting. */
  readonly prompt: (prompt: DevicePrompt) => void
  /** Ends the wait with `aborted`. Default: nothing does. */
  readonly signal?: AbortSignal
  /** Waits between polls, in milliseconds. Default: the machine's timer. */
  readonly wait?: (ms: number, signal: AbortSignal | undefined) => Promise<unknown>
}

const READERS: OptionReaders<DeviceLoginOptions> = {
  prompt: callable<DeviceLoginOptions['prompt']>(),
  signal: having<AbortSignal>('addEventListener', 'an AbortSignal'),
  wait: callable<NonNullable<DeviceLoginOptions['wait']>>(),
}

/**
 * Logs a person in who confirms on any device with a browser. RFC 8628.
 *
 * Throws `login_required` when the code expired, `scope_denied` when the person said no, `aborted`, and as every grant.
 */
export async function loginByDevice(
  oauth: OAuthClient,
  identity: ClientIdentity,
  wanted: Wanted,
  given: DeviceLoginOptions,
): Promise<Grant> {
  const options = readOptions<DeviceLoginOptions>(given, READERS)
  if (options.prompt === undefined) throw wrong('prompt', 'a function', undefined)
  const { issuer } = identity
  const { server, client, auth } = await oauth.prepare(identity)
  if (server.device_authorization_endpoint === undefined) {
    throw new ConfigError('config_error', `the issuer ${quote(issuer)} offers no device login`, { issuer })
  }
  const parameters = new URLSearchParams()
  if (wanted.scopes.length > 0) parameters.set('scope', wanted.scopes.join(' '))
  for (const name of wanted.audience) parameters.append('audience', name)
  const started = await oauth.attempt(issuer, async () => {
    const response = await deviceAuthorizationRequest(server, client, auth, parameters, oauth.transport)
    checkServerStatus(issuer, response, oauth.clock())
    return processDeviceAuthorizationResponse(server, client, response)
  })
  const { verification_uri: place, verification_uri_complete: whole } = started
  if (!isWebUrl(place) || (whole !== undefined && !isWebUrl(whole))) {
    throw new UndecidedError('discovery_failed', `the issuer ${quote(issuer)} sends people to what is no https URL`, {
      issuer,
    })
  }
  options.prompt({
    verificationUri: started.verification_uri,
    verificationUriComplete: started.verification_uri_complete,
    userCode: started.user_code,
    expiresIn: started.expires_in,
  })
  const wait = options.wait ?? pause
  const end = oauth.clock() + started.expires_in
  let interval = started.interval ?? 5
  while (oauth.clock() < end) {
    // oxlint-disable-next-line no-await-in-loop -- polling is what RFC 8628 section 3.4 asks for
    await wait(interval * 1000, options.signal)
    // oxlint-disable-next-line no-await-in-loop -- as above
    const answer = await poll(oauth, identity, started.device_code)
    if (typeof answer === 'object') return answer
    if (answer === 'slow_down') interval += 5
  }
  throw loginRequired(issuer, 'nobody confirmed the login in time')
}

/** One poll. The issuer being away for a moment is no reason to give up. RFC 8628 section 3.5. */
async function poll(
  oauth: OAuthClient,
  identity: ClientIdentity,
  deviceCode: string,
): Promise<Grant | 'authorization_pending' | 'slow_down'> {
  const { issuer } = identity
  try {
    const { server, client, auth } = await oauth.prepare(identity)
    const response = await deviceCodeGrantRequest(server, client, auth, deviceCode, oauth.transport)
    checkServerStatus(issuer, response, oauth.clock())
    return oauth.readGrant(await processDeviceCodeResponse(server, client, response))
  } catch (error) {
    const code = error instanceof ResponseBodyError ? error.error : undefined
    if (code === 'authorization_pending' || code === 'slow_down') return code
    const failure = fromOAuthFailure(issuer, error)
    if (failure.code === 'issuer_unavailable' && code === undefined) return 'slow_down'
    throw failure
  }
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, signal)
  } catch (cause) {
    throw new UndecidedError('aborted', 'the login was given up', { cause })
  }
}
