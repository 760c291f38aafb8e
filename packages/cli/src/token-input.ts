import { fstatSync } from 'node:fs'
import { InvalidRequestError } from '@scitokens/core'
import type { Command } from 'commander'
import type { CliContext } from './context.ts'
import { readAll, readTextFile } from './files.ts'
import type { Output } from './output.ts'

/** Options that say where the token comes from. */
export interface TokenOptions {
  readonly tokenFile?: string
  readonly discover?: boolean
}

/** A token, and where it was found. */
export interface TokenInput {
  readonly token: string
  readonly source: string
}

/** Adds `--token-file` and `--discover`; commands that have room for it take the token as their argument, too. */
export function withTokenOptions(command: Command): Command {
  return command
    .option('--token-file <file>', 'read the token from a file; - is standard input')
    .option(
      '--discover',
      'look in BEARER_TOKEN, BEARER_TOKEN_FILE, XDG_RUNTIME_DIR and /tmp; leave standard input alone',
    )
}

/** The help text that goes with {@link withTokenOptions}. */
export const TOKEN_ARGUMENT = 'the token; safer: leave it out, and use --token-file, standard input or discovery'

/**
 * Finds the token: the argument (with a warning: every process of the machine can read it there), `--token-file`, standard
 * input when something is piped in, and else the places of WLCG bearer token discovery.
 *
 * Throws `invalid_request` when there is none; whatever discovery throws.
 */
export async function readToken(
  argument: string | undefined,
  options: TokenOptions,
  { context, output }: { context: CliContext; output: Output },
): Promise<TokenInput> {
  const ways = [argument !== undefined, options.tokenFile !== undefined, options.discover === true]
  if (ways.filter(Boolean).length > 1) {
    throw new InvalidRequestError(
      'invalid_request',
      'give the token in one way: as argument, with --token-file or with --discover',
    )
  }
  if (argument !== undefined && argument !== '-') {
    output.warn('a token on the command line is visible in the process list; use --token-file or standard input')
    return { token: argument.trim(), source: 'the command line' }
  }
  const file = argument ?? options.tokenFile
  if (file !== undefined) {
    const source = file === '-' ? 'standard input' : file
    return { token: nonEmpty(readTextFile(file, context.stdinFd), source), source }
  }
  if (options.discover !== true && isPiped(context.stdinFd)) {
    const piped = readAll(context.stdinFd).trim()
    if (piped !== '') return { token: piped, source: 'standard input' }
  }
  return discover(context)
}

async function discover(context: CliContext): Promise<TokenInput> {
  const { discoverToken } = await import('@scitokens/environment')
  const found = discoverToken({ env: context.env })
  if (found) return { token: found.token, source: found.source }
  throw new InvalidRequestError(
    'no_credentials',
    'there is no token: give --token-file, pipe one in, or set BEARER_TOKEN_FILE',
  )
}

function nonEmpty(text: string, source: string): string {
  const token = text.trim()
  if (token === '') throw new InvalidRequestError('no_credentials', `${source} holds no token`)
  return token
}

/** A pipe, socket or file is read; a terminal or /dev/null is not. */
function isPiped(fd: number): boolean {
  try {
    // As bigints: Node 22 looks for links in a module's path by the last plain answer of stat, and ends its search at a pipe.
    const stat = fstatSync(fd, { bigint: true })
    return stat.isFIFO() || stat.isFile() || stat.isSocket()
  } catch {
    return false // closed by the caller
  }
}
