import { type JsonObject, SciToken } from '@scitokens/core'
import type { Command } from 'commander'
import { type Invocation, onAction, type Registry } from '../command.ts'
import { withExamples } from '../examples.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import type { Output } from '../output.ts'
import { readToken, TOKEN_ARGUMENT, type TokenOptions, withTokenOptions } from '../token-input.ts'

/** Adds `scitokens decode`. */
export function addDecode(program: Command, registry: Registry): void {
  const command = program
    .command('decode')
    .summary('show what a token says, unverified')
    .description(
      'Shows header and claims of a token. Nothing is verified: use "scitokens verify" to find out whether any of it is true.',
    )
    .argument('[token]', TOKEN_ARGUMENT)
  withExamples(withTokenOptions(command), [
    ['the token that this job would use', 'scitokens decode'],
    ['one from a file, for a script', 'scitokens decode --json --token-file token.jwt'],
    ['one that another program prints', 'oidc-token my-account | scitokens decode'],
  ])
  onAction(command, registry, decode)
}

async function decode(invocation: Invocation<TokenOptions>, argument?: string): Promise<ExitCode> {
  const { context, output, options } = invocation
  const { token, source } = await readToken(argument, options, invocation)
  const { unverifiedHeader: header, unverifiedClaims: claims } = SciToken.decode(token)
  const times = describeTimes(claims, context.clock())
  output.result({ verified: false, source, header, claims, times }, () =>
    [
      `${output.style('yellow', 'NOT VERIFIED')} (from ${source})`,
      section(output, 'header', header),
      section(output, 'claims', claims),
      ...Object.entries(times).map(([name, text]) => `${name}  ${text}`),
    ].join('\n'),
  )
  return EXIT.yes
}

function section(output: Output, title: string, content: JsonObject): string {
  return `${output.style('bold', title)} ${JSON.stringify(content, undefined, 2)}`
}

/** The times among the claims in words, such as "2026-11-22T03:10:00Z, in 10 min". */
export function describeTimes(claims: JsonObject, now: number): Record<string, string> {
  const times: Record<string, string> = {}
  for (const name of ['iat', 'nbf', 'exp']) {
    const value = claims[name]
    // Beyond this no calendar date exists (ECMA-262, time values); the raw number is shown above all the same.
    if (typeof value !== 'number' || Math.abs(value) > 8.64e12) continue
    times[name] = `${new Date(value * 1000).toISOString().replace('.000Z', 'Z')}, ${distance(value - now)}`
  }
  return times
}

function distance(seconds: number): string {
  const length = Math.abs(seconds)
  const [size, unit] =
    length < 120 ? [1, 's'] : length < 7200 ? [60, 'min'] : length < 172_800 ? [3600, 'h'] : [86_400, 'd']
  const text = `${Math.round(length / size)} ${unit}`
  return seconds < 0 ? `${text} ago` : `in ${text}`
}
