import {
  type Algorithm,
  InvalidRequestError,
  type JsonObject,
  type JsonValue,
  type ProfileName,
  SciToken,
} from '@scitokens/core'
import { given } from '@scitokens/core/internal'
import type { Command } from 'commander'
import { type Invocation, onAction, type Registry } from '../command.ts'
import { withExamples } from '../examples.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { writeTextFile } from '../files.ts'
import { collect, parseProfile, parseSeconds } from '../option-parsers.ts'
import { parseAlgorithm, takeIn } from './keygen.ts'

/** Options that say what a token claims. */
export interface ClaimOptions {
  readonly issuer?: string
  readonly subject?: string
  readonly audience?: readonly string[]
  readonly scope?: readonly string[]
  readonly claim?: readonly string[]
  readonly claimJson?: readonly string[]
}

interface CreateOptions extends ClaimOptions {
  readonly key: string
  readonly kid?: string
  readonly alg?: Algorithm
  readonly profile?: ProfileName
  readonly lifetime: number
  readonly backdate?: number
  readonly out?: string
  readonly force?: boolean
}

/** Adds `scitokens create`. */
export function addCreate(program: Command, registry: Registry): void {
  const command = program
    .command('create')
    .summary('sign a token with your own key')
    .description(
      'Signs a token and writes it to standard output, or to a file with mode 0600. What verifiers would refuse is not signed.',
    )
    .argument('[claim...]', 'claims as name=value; values are strings')
    .requiredOption('-k, --key <file>', 'private key, PEM or JWK; - is standard input')
    .option('-K, --kid <kid>', "name of the key; default: the JWK's own, else its RFC 7638 thumbprint")
    .option('--alg <alg>', 'algorithm; default: what the key suggests', parseAlgorithm)
    .option('-i, --issuer <url>', 'iss')
    .option('-s, --subject <name>', 'sub')
    .option('-a, --audience <name>', 'aud; repeat for several', collect)
    .option('--scope <scope>', 'scope, as read:/store; repeat for several', collect)
    .option('-C, --claim <name=value>', 'a claim whose value is a string; repeatable', collect)
    .option('--claim-json <name=json>', 'a claim whose value is JSON, as wlcg.groups=["/vo"]; repeatable', collect)
    .option('-p, --profile <name>', 'scitoken:1.0, scitoken:2.0 (default), wlcg:1.x or at+jwt', parseProfile)
    .option('-l, --lifetime <seconds>', 'seconds to live, or 10m, 2h, 1d', parseSeconds, 600)
    .option('--backdate <seconds>', 'seconds by which iat and nbf lie in the past (default: 5)', parseSeconds)
    .option('-o, --out <file>', 'write the token to this file instead')
    .option('-f, --force', 'replace the file if it exists')
  withExamples(command, [
    [
      'a token that may read one directory',
      'scitokens create --key issuer.pem --issuer https://vo.example --audience https://se.example --scope read:/store/ana',
    ],
    [
      'a WLCG token with groups, into a file',
      `scitokens create --key issuer.pem -p wlcg -i https://vo.example -s ana -a https://se.example --claim-json 'wlcg.groups=["/vo"]' -o token.jwt`,
    ],
  ])
  onAction(command, registry, create)
}

async function create(
  { context, output, options }: Invocation<CreateOptions>,
  positional: readonly string[],
): Promise<ExitCode> {
  const claims = collectClaims(options, positional)
  const key = await takeIn(options.key, options, context.stdinFd)
  const profile = given({ profile: options.profile })
  const token = await new SciToken({ key, claims, ...profile }).serialize({
    lifetime: options.lifetime,
    clock: context.clock,
    ...given({ backdate: options.backdate }),
    ...(options.alg === undefined ? {} : { algorithms: [options.alg] }),
  })
  if (options.out !== undefined) {
    writeTextFile(options.out, `${token}\n`, { mode: 0o600, replace: options.force ?? false })
    output.result({ file: options.out, claims: SciToken.decode(token).unverifiedClaims }, () => '')
    return EXIT.yes
  }
  output.result({ token, claims: SciToken.decode(token).unverifiedClaims }, () => token)
  return EXIT.yes
}

/** The claims of a command line. Throws `invalid_request` for one that is given twice. */
export function collectClaims(options: ClaimOptions, positional: readonly string[]): JsonObject {
  const claims = new Map<string, JsonValue>()
  const set = (name: string, value: JsonValue | undefined): void => {
    if (value === undefined) return
    if (claims.has(name)) throw new InvalidRequestError('invalid_request', `the claim ${name} is given twice`)
    claims.set(name, value)
  }
  set('iss', options.issuer)
  set('sub', options.subject)
  set('aud', options.audience?.length === 1 ? options.audience[0] : options.audience && [...options.audience])
  set('scope', options.scope?.join(' '))
  for (const pair of [...positional, ...(options.claim ?? [])]) {
    const [name, value] = splitPair(pair)
    set(name, value)
  }
  for (const pair of options.claimJson ?? []) {
    const [name, value] = splitPair(pair)
    set(name, parseJson(name, value))
  }
  return Object.fromEntries(claims)
}

function splitPair(pair: string): [string, string] {
  const at = pair.indexOf('=')
  if (at <= 0) throw new InvalidRequestError('invalid_request', 'a claim is given as name=value')
  return [pair.slice(0, at), pair.slice(at + 1)]
}

function parseJson(name: string, value: string): JsonValue {
  try {
    return JSON.parse(value) as JsonValue
  } catch {
    throw new InvalidRequestError('invalid_request', `the value of the claim ${name} is not JSON`)
  }
}
