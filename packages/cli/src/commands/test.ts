import { given } from '@scitokens/core/internal'
import type { Command } from 'commander'
import { type Invocation, onAction, type Registry } from '../command.ts'
import { withExamples } from '../examples.ts'
import { EXIT, type ExitCode, exitCodeFor } from '../exit-codes.ts'
import { readToken, type TokenOptions, withTokenOptions } from '../token-input.ts'
import {
  type AudienceOptions,
  type TrustOptions,
  withAudienceOptions,
  withEnforcer,
  withTrustOptions,
} from '../trust.ts'

type Options = TokenOptions & TrustOptions & AudienceOptions & { readonly token?: string }

/** Adds `scitokens test`. */
export function addTest(program: Command, registry: Registry): void {
  const command = program
    .command('test')
    .summary('ask whether a token allows one thing')
    .description(
      'Verifies a token and says whether it allows an authorization on a path. Exit status 0: yes, 1: no, 3: could not decide.',
    )
    .argument('<authz>', 'the authorization, as read or storage.modify')
    .argument('[path]', 'the path, where the authorization needs one')
    .option('--token <token>', 'the token; others can see it in the process list')
  withExamples(withAudienceOptions(withTrustOptions(withTokenOptions(command))), [
    [
      'may it write there?',
      'scitokens test write /store/ana/file --issuer https://vo.example --audience https://se.example --token-file token.jwt',
    ],
  ])
  onAction(command, registry, test)
}

async function test(invocation: Invocation<Options>, authz: string, path?: string): Promise<ExitCode> {
  const { context, output, options } = invocation
  const { token } = await readToken(options.token, options, invocation)
  const decision = await withEnforcer(options, invocation, (enforcer) =>
    enforcer.decide(token, { authz, ...given({ path }), signal: context.signal }),
  )
  if (!decision.allowed && decision.family !== 'not_allowed') throw decision.error
  const { allowed, reason } = decision
  const normalizedPath = given({ normalizedPath: decision.normalizedPath })
  const refusal = decision.allowed ? {} : { code: decision.code, missing: decision.missing }
  output.result({ ok: allowed, allowed, reason, ...normalizedPath, ...refusal }, () =>
    [output.style(allowed ? 'green' : 'red', allowed ? 'allowed' : 'refused'), reason].join(': '),
  )
  return decision.allowed ? EXIT.yes : exitCodeFor(decision.error)
}
