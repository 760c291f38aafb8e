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

/** Adds `scitokens acls`. */
export function addAcls(program: Command, registry: Registry): void {
  const command = program
    .command('acls')
    .summary('list what a token allows')
    .description('Verifies a token and lists what it allows here, one authorization and path per line.')
    .argument('[token]', TOKEN_ARGUMENT)
  withExamples(withAudienceOptions(withTrustOptions(withTokenOptions(command))), [
    ['what may this job do?', 'scitokens acls --issuer https://vo.example --audience https://se.example'],
  ])
  onAction(command, registry, acls)
}

async function acls(
  invocation: Invocation<TokenOptions & TrustOptions & AudienceOptions>,
  argument?: string,
): Promise<ExitCode> {
  const { output } = invocation
  const { validated } = await validateInput(invocation, argument)
  const entries = validated.acls().map(([authz, path]) => ({ authz, path }))
  output.result({ ok: true, ...describeToken(validated), acls: entries }, () =>
    entries.map(({ authz, path }) => (path === '' ? authz : `${authz}:${path}`)).join('\n'),
  )
  return EXIT.yes
}
