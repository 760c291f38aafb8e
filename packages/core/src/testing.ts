/**
 * A test issuer: real keys and real tokens for a real guard, without network.
 *
 * @packageDocumentation
 */
import type { Algorithm } from './jose/algorithms.ts'
import type { Clock } from './clock.ts'
import type { JsonObject } from './jose/json.ts'
import type { Jwks } from './jose/jwk.ts'
import { DEFAULT_PROFILE, type ProfileName } from './claims/profile-rules.ts'
import { signToken } from './token/sign.ts'
import { SigningKey } from './keys/signing-key.ts'
import { StaticKeys } from './keys/static-keys.ts'

/** A clock that stands still until it is moved. */
export interface TestClock extends Clock {
  /** Moves the clock forward by so many seconds; a negative number sets it back. */
  advance(seconds: number): void
  /** Sets the clock to a time, in seconds since the epoch. */
  set(seconds: number): void
}

/** Makes a clock that stands at `start` (seconds since the epoch; default: now, in whole seconds). */
export function createTestClock(start: number = Math.floor(Date.now() / 1000)): TestClock {
  let now = start
  return Object.assign(() => now, {
    advance: (seconds: number) => {
      now += seconds
    },
    set: (seconds: number) => {
      now = seconds
    },
  })
}

/** Options of {@link createTestIssuer}. */
export interface TestIssuerOptions {
  /** The name of the issuer, which its tokens have as `iss`. Default: `https://issuer.example`. */
  readonly issuer?: string
  /** The algorithm by which it signs. Default: ES256. */
  readonly alg?: Algorithm
  /** The clock by which it signs. Default: one that stands at the present second. */
  readonly clock?: TestClock
}

/** A test issuer, as {@link createTestIssuer} makes it. */
export interface TestIssuer {
  /** The name of the issuer, which its tokens have as `iss`. */
  readonly issuer: string
  /** The clock by which it signs; give the same to the guard. */
  readonly clock: TestClock
  /** The key that it signs with. */
  readonly key: SigningKey
  /** The public half, as an issuer publishes it. */
  readonly jwks: Jwks
  /** The keys as a source of keys, to be given to an Enforcer or to `SciToken.deserialize`. */
  readonly keys: StaticKeys
  /**
   * Signs a token. `iss`, `sub` ("test-user") and `jti` have defaults, and `aud` has none; everything else as in `signToken`.
   *
   * @param options - `lifetime` in seconds (default 600) and `profile` (default `scitoken:2.0`).
   */
  sign(claims: JsonObject, options?: { lifetime?: number; profile?: ProfileName }): Promise<string>
}

/** Makes a test issuer with a new key. */
export async function createTestIssuer(options: TestIssuerOptions = {}): Promise<TestIssuer> {
  const { issuer = 'https://issuer.example', alg = 'ES256', clock = createTestClock() } = options
  const key = await SigningKey.generate(alg)
  const jwks = { keys: [key.publicJwk] }
  return {
    issuer,
    clock,
    key,
    jwks,
    keys: new StaticKeys({ [issuer]: jwks }),
    sign: (claims, { lifetime = 600, profile = DEFAULT_PROFILE } = {}) =>
      signToken({
        signer: key,
        claims: { iss: issuer, sub: 'test-user', ...claims },
        lifetime,
        profile,
        clock,
        algorithms: [alg],
      }),
  }
}
