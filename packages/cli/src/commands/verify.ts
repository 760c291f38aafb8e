import type { Command } from 'commander'
import { type Invocation, onAction, type Registry } from '../command.ts'
import { withExamples } from '../examples.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { TOKEN_ARGUMENT, type TokenOptions, withTokenOptions } from '../token-input.ts'
import {
  type AudienceOptions,
  describeToken,
  type TrustOptions,
  withAudienceOptions,
  validateInput,
  withTrustOptions,
} from '../trust.ts'
import { describeTimes } from './decode.ts'

/** Adds `scitokens verify`. */
export function addVerify(program: Command, registry: Registry): void {
  const command = program
    .command('verify')
    .summary('say whether a token is acceptable')
    .description(
      'Verifies signature, issuer, times, profile and audience. Exit status 0: acceptable, 1: not acceptable, 3: the keys could not be had.',
    )
    .argument('[token]', TOKEN_ARGUMENT)
  withExamples(withAudienceOptions(withTrustOptions(withTokenOptions(command))), [
    [
      "a token from a file, with the issuer's keys from the network or the cache",
      'scitokens verify --token-file token.jwt --issuer https://vo.example --audience https://se.example',
    ],
    [
      'without network',
      'scitokens verify --token-file token.jwt --issuer https://vo.example --any-audience --jwks jwks.json',
    ],
  ])
  onAction(command, registry, verify)
}

async function verify(
  invocation: Invocation<TokenOptions & TrustOptions & AudienceOptions>,
  argument?: string,
): Promise<ExitCode> {
  const { context, output } = invocation
  const { validated, source } = await validateInput(invocation, argument)
  output.result({ ok: true, source, ...describeToken(validated) }, () =>
    [
      `${output.style('green', 'acceptable')} (from ${source})`,
      `issuer   ${validated.issuer}`,
      ...(validated.subject === undefined ? [] : [`subject  ${validated.subject}`]),
      `profile  ${validated.profile}`,
      `expires  ${describeTimes(validated.claims, context.clock())['exp'] ?? validated.expiresAt}`,
    ].join('\n'),
  )
  return EXIT.yes
}
