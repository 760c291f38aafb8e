import { InvalidRequestError } from '@scitokens/core'
import { type Command, CommanderError } from 'commander'
import type { CliContext } from './context.ts'
import { EXIT, type ExitCode, exitCodeFor } from './exit-codes.ts'
import { Output } from './output.ts'
import { buildProgram } from './program.ts'

/**
 * Runs one command line to its end and answers the exit status. Never throws and never ends the process: whatever goes
 * wrong is one sentence on standard error, or a JSON document on standard output with `--json`.
 */
export async function run(argv: readonly string[], context: CliContext): Promise<ExitCode> {
  let status: ExitCode = EXIT.yes
  const program = buildProgram({
    context,
    exit: (code) => {
      status = code
    },
  })
  speakThrough(program, context)
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return status
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.yes // help and version
    const failure = error instanceof CommanderError ? asUsageError(error) : error
    if (failure) new Output(context, { json: argv.includes('--json') }).failure(failure)
    return error instanceof CommanderError ? EXIT.usage : exitCodeFor(error)
  }
}

/** Every command writes to the context's streams and throws instead of ending the process. */
function speakThrough(command: Command, context: CliContext): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => context.stdout.write(text),
    writeErr: (text) => context.stderr.write(text),
    // Told by the caller in our own form, once.
    outputError: () => {},
    getOutHelpWidth: () => context.stdout.columns ?? 100,
    getErrHelpWidth: () => context.stderr.columns ?? 100,
  })
  for (const child of command.commands) speakThrough(child, context)
}

function asUsageError(error: CommanderError): InvalidRequestError | undefined {
  // A group without a subcommand: commander has shown its help, which says more than a sentence.
  if (error.code === 'commander.help') return undefined
  const message = error.message.replace(/^error: /, '').replaceAll(/\s+/g, ' ')
  return new InvalidRequestError(
    'invalid_request',
    `${message}${message.endsWith('.') ? '' : '.'} Use --help to see what is possible.`,
  )
}
