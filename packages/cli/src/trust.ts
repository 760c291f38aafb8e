import { InvalidRequestError, type JsonObject, StaticKeys } from '@scitokens/core'
import { given } from '@scitokens/core/internal'
import type { Enforcer, ValidatedToken } from '@scitokens/enforcer'
import type { Command } from 'commander'
import type { Invocation } from './command.ts'
import { openKeyCache } from './configured-key-cache.ts'
import type { CliContext } from './context.ts'
import { readJsonFile } from './files.ts'
import { collect, parseSeconds } from './option-parsers.ts'
import type { Output } from './output.ts'
import { readToken, type TokenOptions } from './token-input.ts'

/** Options that say whom to trust and where keys come from. */
export interface TrustOptions {
  readonly issuer: readonly string[]
  readonly ca?: readonly string[]
  readonly cacheDir?: string
  readonly jwks?: string
  readonly dangerouslyAllowLoopbackHttp?: boolean
}

/** Options that say who this server is, and how claims are judged. */
export interface AudienceOptions {
  readonly audience?: readonly string[]
  readonly anyAudience?: boolean
  readonly clockTolerance?: number
  readonly strict?: boolean
}

/** Adds the options of {@link TrustOptions}. */
export function withTrustOptions(command: Command): Command {
  return command
    .requiredOption('--issuer <url>', 'a trusted issuer, exactly as in iss; repeatable', collect)
    .option('--jwks <file>', "the issuer's public key set from a file instead of the network; - is standard input")
    .option('--ca <path>', 'CA file, or hashed directory as /etc/grid-security/certificates; repeatable', collect)
    .option('--cache-dir <dir>', 'where fetched keys are kept (default: $XDG_CACHE_HOME/scitokens)')
    .option('--dangerously-allow-loopback-http', 'accept issuers at http:// on this machine: for tests')
}

/** Adds the options of {@link AudienceOptions}. */
export function withAudienceOptions(command: Command): Command {
  return command
    .option('--audience <name>', 'a name of this server; one match is enough; repeatable', collect)
    .option('--any-audience', 'accept a token for any server: for looking at it, never for guarding something')
    .option('--clock-tolerance <seconds>', 'grace for nbf and iat (default: 60)', parseSeconds)
    .option('--strict', "require every claim that the profile's document requires")
}

/** Runs `work` with an enforcer made of the options, and closes what was opened for it. */
export async function withEnforcer<T>(
  options: TrustOptions & AudienceOptions,
  invocation: { context: CliContext; output: Output },
  work: (enforcer: Enforcer) => Promise<T>,
): Promise<T> {
  const { Enforcer } = await import('@scitokens/enforcer')
  const { context, output } = invocation
  if ((options.audience === undefined) === (options.anyAudience !== true)) {
    throw new InvalidRequestError(
      'invalid_request',
      'say who this server is with --audience, or --any-audience if that does not matter',
    )
  }
  const cache = options.jwks === undefined ? await openKeyCache({ ...invocation, options }, options.issuer) : undefined
  try {
    const enforcer = new Enforcer({
      issuers: options.issuer,
      // Whoever asks names each of them by hand, and is told whose token it is.
      sharedBasePaths: ['/'],
      keys: cache ?? staticKeys(options, context),
      clock: context.clock,
      cache: false,
      ...(options.audience === undefined ? { audienceCheck: 'none' as const } : { audience: options.audience }),
      ...given({ clockTolerance: options.clockTolerance }),
      ...(options.strict ? { strict: true } : {}),
      ...(options.dangerouslyAllowLoopbackHttp ? { dangerouslyAllowLoopbackHttp: true } : {}),
    })
    return await output.progress(`asking ${options.issuer.join(', ')} for keys`, work(enforcer))
  } finally {
    await cache?.close()
  }
}

function staticKeys({ jwks, issuer }: TrustOptions, { stdinFd }: CliContext): StaticKeys {
  const document = readJsonFile(jwks!, stdinFd)
  return new StaticKeys(Object.fromEntries(issuer.map((name) => [name, document])))
}

/** What the commands tell of an accepted token. */
export function describeToken(token: {
  issuer: string
  subject: string | undefined
  profile: string
  expiresAt: number
  claims: JsonObject
}): JsonObject {
  const { issuer, subject, profile, expiresAt, claims } = token
  return { issuer, ...given({ subject }), profile, expiresAt, claims }
}

/** Finds the token of a command and validates it; says where it was found. Throws what makes it unacceptable. */
export async function validateInput(
  invocation: Invocation<TokenOptions & TrustOptions & AudienceOptions>,
  argument: string | undefined,
): Promise<{ readonly validated: ValidatedToken; readonly source: string }> {
  const { context, options } = invocation
  const { token, source } = await readToken(argument, options, invocation)
  const validated = await withEnforcer(options, invocation, (enforcer) =>
    enforcer.validate(token, { signal: context.signal }),
  )
  return { validated, source }
}
