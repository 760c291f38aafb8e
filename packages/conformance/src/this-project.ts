import {
  decodeUnverified,
  type ErrorFamily,
  InvalidRequestError,
  type JsonObject,
  KeySet,
  type KeySource,
  type ProfileName,
  PROFILES,
  SciTokenError,
  SigningKey,
  signToken,
  type StorageOperation,
  UndecidedError,
} from '@scitokens/core'
import { given, quote } from '@scitokens/core/internal'
import { type Decision, Enforcer, type EnforcerOptions } from '@scitokens/enforcer'
import type { CaseRequest, CaseVerifierOptions, Outcome } from './format.ts'
import type { Answer, Implementation, Question, SignQuestion, Verifier } from './implementation.ts'
import type { PublishedKeys } from './published-keys.ts'

const OUTCOME_OF_FAMILY: Readonly<Record<ErrorFamily, Outcome>> = {
  not_acceptable: 'invalid',
  not_allowed: 'deny',
  invalid_request: 'error',
  undecided: 'error',
  config: 'error',
}

/** `@scitokens/core` and `@scitokens/enforcer`, asked through their public entries. */
export const thisProject: Implementation = {
  name: 'SciTokens for TypeScript',
  clock: 'settable',
  tellsRefusalsApart: true,
  lacks: () => undefined,
  createVerifier: (options) => new ThisVerifier(options),
  sign: signHere,
}

class ThisVerifier implements Verifier {
  readonly #options: CaseVerifierOptions
  readonly #keys: PublishedKeySource
  #now = 0
  #enforcer: Enforcer | undefined

  constructor({ acceptPaddedKeys, ...options }: CaseVerifierOptions) {
    // The enforcer leaves this option to whoever makes its key source, which is here; a strange value is the enforcer's to refuse.
    this.#options = typeof acceptPaddedKeys === 'boolean' ? options : { ...options, acceptPaddedKeys }
    this.#keys = new PublishedKeySource(acceptPaddedKeys === true)
  }

  async ask({ token, request, now, published }: Question): Promise<Answer> {
    this.#now = now
    this.#keys.published = published
    try {
      // Wrong options may show when the enforcer is made: that is an answer too.
      this.#enforcer ??= new Enforcer({
        // In the suite a list of issuers means that each of them may speak for everything.
        sharedBasePaths: ['/'],
        ...this.#options,
        keys: this.#keys,
        clock: () => this.#now,
      } as unknown as EnforcerOptions)
      return await answer(this.#enforcer, token, request)
    } catch (error) {
      return refusal(error)
    }
  }
}

async function answer(enforcer: Enforcer, token: string, request: CaseRequest): Promise<Answer> {
  const { op, pathIsDecoded, isDirectory } = request
  const how = {
    ...given({ pathIsDecoded, isDirectory }),
  }
  switch (op) {
    case 'test': {
      const path = given({ path: request.path })
      return ofDecision(await enforcer.decide(token, { authz: request.authz!, ...path, ...how }))
    }
    case 'operation': {
      const operation = request.operation as StorageOperation
      const path = (operation === 'rename' ? request.from : request.path)!
      const to = given({ to: request.to })
      return ofDecision(await enforcer.decideOperation(token, { operation, path, ...to, ...how }))
    }
    case 'group':
      return ofDecision((await enforcer.validate(token)).decideGroup(request.group!))
    case 'host':
      return ofDecision((await enforcer.validate(token)).decideHost(request.host!))
    case 'verify':
      await enforcer.validate(token)
      return { outcome: 'allow' }
    case 'acls':
      return { outcome: 'allow', acls: enforcer.generateAcls(await enforcer.validate(token)) }
    case 'mode':
      return { outcome: 'allow', mode: (await enforcer.validate(token)).mode }
    default:
      throw new InvalidRequestError('invalid_request', `${quote(op)} is no question of the format`)
  }
}

function ofDecision(decision: Decision): Answer {
  if (decision.allowed) {
    const path = decision.normalizedPath
    return { outcome: 'allow', ...given({ normalizedPath: path }) }
  }
  return { outcome: OUTCOME_OF_FAMILY[decision.family], code: decision.code, message: decision.reason }
}

/** An error of this project as an answer. Anything else is a stray exception, and passed on. */
function refusal(error: unknown): Answer {
  if (!(error instanceof SciTokenError)) throw error
  return { outcome: OUTCOME_OF_FAMILY[error.family], code: error.code, message: error.message }
}

async function signHere({ key, profile, claims, lifetime, now }: SignQuestion): Promise<Answer> {
  try {
    if (profile !== undefined && !PROFILES.includes(profile as ProfileName)) {
      throw new InvalidRequestError('invalid_request', `${quote(profile)} is no profile`)
    }
    const token = await signToken({
      signer: await SigningKey.from(key),
      claims: claims as JsonObject,
      clock: () => now,
      ...given({ profile: profile as ProfileName | undefined }),
      ...given({ lifetime }),
    })
    const { unverifiedHeader, unverifiedClaims } = decodeUnverified(token)
    return { outcome: 'allow', header: unverifiedHeader, claims: unverifiedClaims }
  } catch (error) {
    return refusal(error)
  }
}

/** Answers as a key cache would if the issuers published this: a document that is no key set is the issuer's fault. */
class PublishedKeySource implements KeySource {
  published: PublishedKeys = {}
  readonly #acceptPaddedKeys: boolean
  readonly #sets = new WeakMap<object, Map<string, Promise<KeySet>>>()

  constructor(acceptPaddedKeys: boolean) {
    this.#acceptPaddedKeys = acceptPaddedKeys
  }

  getKeySet(issuer: string): Promise<KeySet> {
    if (!Object.hasOwn(this.published, issuer)) return Promise.reject(failed(issuer, 'publishes nothing'))
    let sets = this.#sets.get(this.published)
    if (!sets) this.#sets.set(this.published, (sets = new Map()))
    let set = sets.get(issuer)
    if (!set) {
      set = KeySet.fromJwks(this.published[issuer], { acceptPaddedKeys: this.#acceptPaddedKeys }).catch((cause) => {
        throw failed(issuer, 'publishes no key set', cause)
      })
      sets.set(issuer, set)
    }
    return set
  }
}

function failed(issuer: string, why: string, cause?: unknown): UndecidedError {
  return new UndecidedError('discovery_failed', `the issuer ${quote(issuer)} ${why}`, { issuer, cause })
}
