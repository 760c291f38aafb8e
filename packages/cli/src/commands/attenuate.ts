import { InvalidRequestError, SciToken, splitKeyedToken } from '@scitokens/core'
import { given } from '@scitokens/core/internal'
import type { Command } from 'commander'
import { type Invocation, onAction, type Registry } from '../command.ts'
import { withExamples } from '../examples.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { readTextFile, writeTextFile } from '../files.ts'
import { collect, parseSeconds } from '../option-parsers.ts'

interface AttenuateOptions {
  readonly parentFile: string
  readonly scope?: readonly string[]
  readonly audience?: readonly string[]
  readonly lifetime?: number
  readonly includeKey?: boolean
  readonly out?: string
  readonly force?: boolean
}

/** Adds `scitokens attenuate`. */
export function addAttenuate(program: Command, registry: Registry): void {
  const command = program
    .command('attenuate')
    .summary('derive a narrower token without asking the issuer')
    .description(
      'Derives a token that can do less from a token with its key (four parts). The result is a leaf, which servers accept and ' +
        'nobody can derive from; with --include-key it is one more parent, for a holder who hands out leaves in turn.',
    )
    .requiredOption('--parent-file <file>', 'the token with its key, header.payload.signature.key; - is standard input')
    .option('--scope <scope>', 'what it may do, within what the parent may; repeatable', collect)
    .option('--audience <name>', "for which services, within the parent's; repeatable", collect)
    .option('-l, --lifetime <seconds>', 'at most what is left of the parent (default: 600, or that)', parseSeconds)
    .option('--include-key', 'make a parent, with a new key as fourth part, instead of a leaf')
    .option('-o, --out <file>', 'write the token to this file (mode 0600) instead')
    .option('-f, --force', 'replace the file if it exists')
  withExamples(command, [
    [
      'a leaf for one request',
      'scitokens attenuate --parent-file base.token --scope read:/store/ana/file --audience https://se.example --lifetime 5m',
    ],
  ])
  onAction(command, registry, attenuate)
}

async function attenuate({ context, output, options }: Invocation<AttenuateOptions>): Promise<ExitCode> {
  const parent = readTextFile(options.parentFile, context.stdinFd).trim()
  if (options.includeKey && options.out === undefined && !output.json && context.stdout.isTTY) {
    throw new InvalidRequestError('invalid_request', 'a token with its key is not shown on a terminal: give --out FILE')
  }
  const token = new SciToken({ parent })
  if (options.scope) token.set('scope', options.scope.join(' '))
  if (options.audience) token.set('aud', options.audience.length === 1 ? options.audience[0]! : [...options.audience])
  const text = await token.serialize({
    clock: context.clock,
    ...given({ lifetime: options.lifetime }),
    ...(options.includeKey ? { includeKey: true } : {}),
  })
  const claims = SciToken.decode(options.includeKey ? splitKeyedToken(text).token : text).unverifiedClaims
  if (options.out !== undefined) {
    writeTextFile(options.out, `${text}\n`, { mode: 0o600, replace: options.force ?? false })
    output.result({ file: options.out, claims }, () => '')
    return EXIT.yes
  }
  output.result({ token: text, claims }, () => text)
  return EXIT.yes
}
