import { InvalidRequestError, type JsonObject, SciToken, UndecidedError } from '@scitokens/core'
import { checkIssuerIdentifier, given } from '@scitokens/core/internal'
import { type Command, Option } from 'commander'
import { type Invocation, onAction, type Registry } from '../command.ts'
import { withExamples } from '../examples.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { collect, parseProfile, parseSeconds } from '../option-parsers.ts'
import { type ClaimOptions, collectClaims } from './create.ts'

interface DemoTokenOptions extends Omit<ClaimOptions, 'issuer'> {
  readonly url: string
  readonly alg: string
  readonly profile?: string
  readonly lifetime?: number
}

const TIMEOUT_MS = 10_000
/** Longest answer that is looked at, in characters. */
const MAX_ANSWER = 65_536

/** Adds `scitokens demo token`. */
export function addDemoToken(group: Command, registry: Registry): void {
  const command = group
    .command('token')
    .summary('get a token with these claims from a token generator')
    .description(
      'Has a token generator sign the claims, and writes the token to standard output. Tokens of it are worth nothing.',
    )
    .argument('[claim...]', 'claims as name=value; values are strings')
    .option('--url <url>', 'the token generator', 'https://demo.scitokens.org')
    .addOption(new Option('--alg <alg>', 'algorithm').choices(['ES256', 'RS256']).default('ES256'))
    .option('-s, --subject <name>', 'sub')
    .option('-a, --audience <name>', 'aud; repeat for several; default: the generator itself', collect)
    .option('--scope <scope>', 'scope, as read:/store; repeat for several', collect)
    .option('-C, --claim <name=value>', 'a claim whose value is a string; repeatable', collect)
    .option('--claim-json <name=json>', 'a claim whose value is JSON; repeatable', collect)
    .option('-p, --profile <name>', 'as in create; asked for by name, so the generator must know it', parseProfile)
    .option('-l, --lifetime <seconds>', 'seconds to live; less than 10m is 10m', parseSeconds)
  withExamples(command, [
    ['for the protected area of the demonstration', 'scitokens demo token scope=read:/protected'],
    ['from your own', 'scitokens demo token --url http://localhost:8642 --scope read:/store -s ana'],
  ])
  onAction(command, registry, demoToken)
}

async function demoToken(
  { context, output, options }: Invocation<DemoTokenOptions>,
  positional: readonly string[],
): Promise<ExitCode> {
  const { url, alg: algorithm, profile, lifetime } = options
  checkIssuerIdentifier(url, { dangerouslyAllowLoopbackHttp: true })
  const exp = lifetime === undefined ? {} : { exp: Math.floor(context.clock()) + lifetime }
  const payload: JsonObject = { ...collectClaims(options, positional), ...exp }
  const wish = { payload, algorithm, ...given({ profile }) }
  const answer = ask(`${url.replace(/\/$/, '')}/issue`, wish, context.signal)
  const token = await output.progress(`asking ${url}`, answer)
  output.result({ token, claims: SciToken.decode(token).unverifiedClaims }, () => token)
  return EXIT.yes
}

async function ask(url: string, body: object, signal: AbortSignal): Promise<string> {
  let answer: Response
  let text: string
  try {
    answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    })
    text = (await answer.text()).slice(0, MAX_ANSWER).trim()
  } catch (cause) {
    throw new UndecidedError('issuer_unavailable', `the token generator at ${url} cannot be reached`, { cause })
  }
  if (answer.ok) return text
  const why = `the token generator answered ${answer.status}: ${text.slice(0, 200)}`
  if (answer.status === 400 || answer.status === 413) throw new InvalidRequestError('invalid_request', why)
  throw new UndecidedError('issuer_unavailable', why)
}
