import { InvalidRequestError } from '@scitokens/core'
import type { Command } from 'commander'
import { type Invocation, onAction, type Registry } from '../command.ts'
import { withExamples } from '../examples.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'

interface RunOptions {
  readonly peer?: string
  readonly strict?: boolean
  readonly skips?: boolean
}

/** Adds `scitokens conformance run`. */
export function addConformance(program: Command, registry: Registry): void {
  const group = program
    .command('conformance')
    .description('Language-neutral cases that any implementation can be held to.')
  const command = group
    .command('run')
    .summary('run conformance cases')
    .description(
      'Runs case files (or directories of them; default: the cases that come with the program), prints a line per failed case and ends ' +
        'with "N passed, N failed". Exit status 1 when a case failed.',
    )
    .argument('[file...]', 'case files or directories')
    .option('--peer <peer>', 'ask another implementation: cpp, python, go, or a command that speaks the peer protocol')
    .option('--strict', 'compare error codes too')
    .option('--skips', 'print a line per skipped case too')
  withExamples(command, [
    ['this implementation', 'scitokens conformance run'],
    ['the C++ library', 'scitokens conformance run --peer cpp cases/'],
  ])
  onAction(command, registry, run)
}

async function run({ context, output, options }: Invocation<RunOptions>, files: readonly string[]): Promise<ExitCode> {
  const { runConformance } = await import('@scitokens/conformance')
  const cases = runConformance(
    { ...options, files, json: output.json },
    { out: (text) => output.raw(text), err: (text) => context.stderr.write(text) },
  )
  const status = await output.progress('running the cases', cases)
  if (status > 1) throw new InvalidRequestError('invalid_request', 'the cases could not be run')
  return status === 0 ? EXIT.yes : EXIT.no
}
