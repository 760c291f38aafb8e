import { ConfigError, type JsonObject, type JsonValue } from '@scitokens/core'
import {
  checkIssuerIdentifier,
  flag,
  isGroupName,
  isJsonValue,
  isSubject,
  listOf,
  number,
  type OptionReaders,
  readOptions,
  text,
  unusableUrl,
} from '@scitokens/core/internal'
import * as oidc from 'openid-client'
import { html } from './html.ts'
import { type LoginKind, loginKind } from './login-kind.ts'
import type { LoginRequest, LoginStep, Person, Upstream } from './upstream.ts'

/** Options of {@link OpenIdLogin}. */
export interface OpenIdLoginOptions {
  /** The provider's issuer URL; its metadata is found by discovery. */
  readonly issuer: string
  /** The id of this issuer as a client of the provider. */
  readonly clientId: string
  /** The secret of that client. */
  readonly clientSecret: string
  /** Default: `openid profile email`. */
  readonly scope?: string
  /**
   * The claim that becomes the `sub` of tokens. It must never be given to another person, nor be one that people choose
   * themselves. Default: `sub`. `email` needs `email_verified: true` beside it.
   */
  readonly subjectClaim?: string
  /** The claim with groups, a list of names by the WLCG grammar. Default: none. */
  readonly groupsClaim?: string
  /** Claims that policies may ask about. Default: `email`, `email_verified`, `preferred_username`, `eduperson_entitlement`. `email` with `email_verified: true` only. */
  readonly keepClaims?: readonly string[]
  /** Longest wait for the provider, in seconds. Default: 10. */
  readonly timeoutSeconds?: number
  /** Accept `http://` on a loopback host: for tests. Default: false. */
  readonly dangerouslyAllowLoopbackHttp?: boolean
}

const READERS: OptionReaders<OpenIdLoginOptions> = {
  issuer: text,
  clientId: text,
  clientSecret: text,
  scope: text,
  subjectClaim: text,
  groupsClaim: text,
  // An empty list: rules ask about no claim.
  keepClaims: listOf(text, { empty: true }),
  timeoutSeconds: number(0.001, 3600, 'seconds'),
  dangerouslyAllowLoopbackHttp: flag,
}

const KEPT = ['email', 'email_verified', 'preferred_username', 'eduperson_entitlement']

/**
 * Logs people in at an OpenID provider: authorization code with PKCE, state and nonce. openid-client checks the answer (issuer
 * of the response and of the ID token, audience, signature, times); what came back is bound to the browser by the sealed cookie that the
 * login page keeps. OpenID Connect Core section 3.1, RFC 9207.
 */
export class OpenIdLogin implements Upstream {
  /** What the audit calls it. */
  readonly name = 'OpenID Connect'
  /** What an operator should know about the claim that becomes the subject. */
  readonly remarks: readonly string[]
  readonly #options: OpenIdLoginOptions
  #configuration: Promise<oidc.Configuration> | undefined

  /**
   * Throws `config_error`, `insecure_url`. Contacts nothing yet.
   *
   * @param at - what messages call these options. Default: `login.openid`.
   */
  constructor(named: OpenIdLoginOptions, at: string = 'login.openid') {
    const options = readOptions(named, READERS, at)
    for (const name of ['issuer', 'clientId', 'clientSecret'] as const) {
      if (options[name] === undefined) throw new ConfigError('config_error', `${at}.${name}: is missing`)
    }
    checkIssuerIdentifier(options.issuer, options)
    this.#options = options
    this.remarks = remarksOn(options)
  }

  /** Sends the person to the provider, or judges the answer that came back. */
  async step(request: LoginRequest): Promise<LoginStep> {
    const begun = readBegun(request.remembered)
    const answered = begun && (request.parameters.has('code') || request.parameters.has('error'))
    try {
      return answered ? await this.#finish(request, begun) : await this.#begin(request)
    } catch (error) {
      return problemOf(error)
    }
  }

  async #begin({ loginUrl, again }: LoginRequest): Promise<LoginStep> {
    const configuration = await this.#discover()
    const verifier = oidc.randomPKCECodeVerifier()
    const remember: Begun = { state: oidc.randomState(), nonce: oidc.randomNonce(), verifier }
    const url = oidc.buildAuthorizationUrl(configuration, {
      redirect_uri: loginUrl,
      scope: this.#options.scope ?? 'openid profile email',
      state: remember.state,
      nonce: remember.nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...(again && { prompt: 'login' }),
    })
    return { redirect: url.href, remember: { ...remember } }
  }

  async #finish({ url }: LoginRequest, { state, nonce, verifier }: Begun): Promise<LoginStep> {
    const configuration = await this.#discover()
    const tokens = await oidc.authorizationCodeGrant(configuration, url, {
      expectedState: state,
      expectedNonce: nonce,
      pkceCodeVerifier: verifier,
      idTokenExpected: true,
    })
    return { person: this.#personOf(tokens.claims() as unknown as JsonObject) }
  }

  #personOf(claims: JsonObject): Person {
    const { subjectClaim = 'sub', groupsClaim, keepClaims = KEPT } = this.#options
    const subject = Object.hasOwn(claims, subjectClaim) ? claims[subjectClaim] : undefined
    if (!isSubject(subject)) throw new UnusableAnswer('it does not say who you are in a form that can be used here')
    // OpenID Connect Core section 5.1: without it anybody may have typed any address.
    if (subjectClaim === 'email' && claims['email_verified'] !== true)
      throw new UnusableAnswer('it does not say that your address was verified')
    const groups = groupsClaim !== undefined && Object.hasOwn(claims, groupsClaim) ? claims[groupsClaim] : []
    const authTime = claims['auth_time']
    const name = claims['name'] ?? claims['preferred_username']
    // A policy that asks for an address means one that is this person's.
    const believed = keepClaims.filter((claim) => claim !== 'email' || claims['email_verified'] === true)
    const kept = believed.flatMap((claim) => (Object.hasOwn(claims, claim) ? [[claim, claims[claim]] as const] : []))
    return {
      subject,
      ...(typeof name === 'string' ? { name } : {}),
      ...(typeof authTime === 'number' ? { authTime } : {}),
      groups: Array.isArray(groups)
        ? groups.filter((group): group is string => typeof group === 'string' && isGroupName(group))
        : [],
      claims: Object.fromEntries(kept.filter((entry): entry is readonly [string, JsonValue] => isJsonValue(entry[1]))),
    }
  }

  #discover(): Promise<oidc.Configuration> {
    const { issuer, clientId, clientSecret, timeoutSeconds = 10, dangerouslyAllowLoopbackHttp } = this.#options
    const known = this.#configuration
    if (known) return known
    const discovering = oidc
      .discovery(new URL(issuer), clientId, undefined, oidc.ClientSecretBasic(clientSecret), {
        timeout: timeoutSeconds,
        ...(dangerouslyAllowLoopbackHttp && { execute: [oidc.allowInsecureRequests] }),
      })
      .then(checkPlaces)
    this.#configuration = discovering
    // A provider that is away now may be back at the next login.
    discovering.catch(() => {
      this.#configuration = undefined
    })
    return discovering
  }
}

/** Chosen by `openid: { … }`. */
export const openIdLogin: LoginKind = loginKind<OpenIdLoginOptions>({
  chosenBy: 'openid',
  readers: READERS,
  secrets: ['clientSecret'],
  open: (options, { at, dangerouslyAllowLoopbackHttp }) =>
    new OpenIdLogin({ ...options, dangerouslyAllowLoopbackHttp }, at),
})

function remarksOn({ subjectClaim = 'sub' }: OpenIdLoginOptions): readonly string[] {
  if (subjectClaim === 'sub') return []
  const what =
    subjectClaim === 'email'
      ? 'an address that the provider gives to somebody else takes its folders along'
      : 'people choose or change such claims themselves at many providers, and whoever has a subject has its folders'
  return [`login.openid.subjectClaim is ${subjectClaim}: ${what}; sub belongs to one person for ever`]
}

/** What binds an answer to the browser that asked. */
interface Begun {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
}

/**
 * What {@link OpenIdLogin} had remembered when it sent somebody to the provider; undefined unless all of it is there. To the library a
 * state that is not expected is one that need not come: an answer that somebody else asked for would be taken (login CSRF).
 */
function readBegun(remembered: JsonObject | undefined): Begun | undefined {
  const [state, nonce, verifier] = [remembered?.['state'], remembered?.['nonce'], remembered?.['verifier']]
  const all = [state, nonce, verifier].every((value) => typeof value === 'string' && value !== '')
  return all ? { state: state as string, nonce: nonce as string, verifier: verifier as string } : undefined
}

/** Where people and requests are sent is taken to the letter: the URL parser would mend what is broken. */
function checkPlaces(configuration: oidc.Configuration): oidc.Configuration {
  const unusable = unusableUrl(configuration.serverMetadata(), [
    'authorization_endpoint',
    'token_endpoint',
    'userinfo_endpoint',
    'jwks_uri',
  ])
  if (unusable !== undefined) throw new UnusableAnswer(`its ${unusable} is no https URL`)
  return configuration
}

/** What the provider said is authentic and yet of no use. */
class UnusableAnswer extends Error {}

/** The page of a login that failed: the person learns whose turn it is, and nothing of the provider's answer is repeated. */
function problemOf(error: unknown): LoginStep {
  const form = (problem: string): LoginStep & { status: number } => ({
    title: 'You are not logged in',
    form: html`<p>${problem}</p><div class="actions"><button class="primary">Try again</button></div>`,
    status: 502,
  })
  if (error instanceof UnusableAnswer) return form(`The login service answered, but ${error.message}.`)
  if (error instanceof oidc.AuthorizationResponseError) {
    const refused = error.error === 'access_denied'
    return { ...form(refused ? 'The login was refused.' : 'The login service could not log you in.'), status: 403 }
  }
  if (error instanceof oidc.ResponseBodyError) return form('The login service did not accept its own answer.')
  if (error instanceof oidc.ClientError && error.code !== 'OAUTH_TIMEOUT') {
    return { ...form('The answer of the login service does not belong to this login.'), status: 400 }
  }
  return { ...form('The login service cannot be reached just now.'), status: 503 }
}
