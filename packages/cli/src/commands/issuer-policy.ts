import { InvalidRequestError, type JsonValue } from '@scitokens/core'
import { given } from '@scitokens/core/internal'
import type { PolicyQuery } from '@scitokens/issuer'
import type { Command } from 'commander'
import { type Invocation, onAction, type Registry } from '../command.ts'
import { withExamples } from '../examples.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { issuerLogger } from '../issuer-logger.ts'
import { collect } from '../option-parsers.ts'

interface PolicyTestOptions {
  readonly config: string
  readonly issuer?: string
  readonly client: string
  readonly subject?: string
  readonly group?: readonly string[]
  readonly claim?: readonly string[]
  readonly scope?: string
  readonly audience?: readonly string[]
  readonly stored?: boolean
}

/** Adds `scitokens issuer policy test`. */
export function addIssuerPolicy(group: Command, registry: Registry): void {
  const policy = group.command('policy').description('Explains what the policy of an issuer gives to whom.')
  const command = policy
    .command('test')
    .summary('who would get what, and why')
    .description(
      'Decides as the issuer would and tells each step, without a server. Exit status 1: it would be refused.',
    )
    .requiredOption('--config <file>', 'the configuration of the issuer')
    .option('--issuer <url>', 'which issuer, where the file has several (default: the first)')
    .requiredOption('--client <id>', 'who asks')
    .option('--subject <name>', 'for whom; without it the client acts for itself')
    .option('--group <group>', 'a group of the person; repeatable', collect)
    .option('--claim <name=value>', 'a claim of the upstream about the person; repeatable', collect)
    .option('--scope <scope>', 'what is asked for; without it the default applies')
    .option('--audience <name>', 'a server that the token is for; repeatable', collect)
    .option('--stored', "look for the client in the issuer's database too (default: in the configuration file only)")
  withExamples(command, [
    [
      'may the portal write for ana?',
      'scitokens issuer policy test --config issuer.yaml --client portal --subject ana --scope write:/store/user/ana',
    ],
  ])
  onAction(command, registry, explain)
}

async function explain({ context, output, options }: Invocation<PolicyTestOptions>): Promise<ExitCode> {
  const { explainConfiguredPolicy } = await import('@scitokens/issuer-server')
  const { client, subject, group, scope, audience, issuer } = options
  const query: PolicyQuery = {
    clientId: client,
    ...given({ subject }),
    ...(group && { groups: group }),
    ...given({ scope }),
    ...(audience && { audience }),
    ...(options.claim && { claims: readClaims(options.claim) }),
  }
  const surroundings = {
    env: context.env,
    logger: issuerLogger(context),
    ...given({ issuer }),
    ...(options.stored && { stored: true }),
  }
  const explanation = await explainConfiguredPolicy(options.config, query, surroundings)
  output.result(explanation, () =>
    [
      ...explanation.steps.map((step) => `  ${step}`),
      explanation.allowed
        ? `yes: ${explanation.scope || '(no capability)'} for ${explanation.audience.join(' ')}`
        : `no: ${explanation.error}: ${explanation.reason}`,
    ].join('\n'),
  )
  return explanation.allowed ? EXIT.yes : EXIT.no
}

function readClaims(pairs: readonly string[]): Record<string, JsonValue> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      if (at < 1) throw new InvalidRequestError('invalid_request', `--claim ${pair} is not name=value`)
      return [pair.slice(0, at), readValue(pair.slice(at + 1))]
    }),
  )
}

/** JSON where it is JSON (numbers, lists), else the text as it is. */
function readValue(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue
  } catch {
    return text
  }
}
