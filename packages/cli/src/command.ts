import type { Command } from 'commander'
import type { CliContext } from './context.ts'
import type { ExitCode } from './exit-codes.ts'
import { Output } from './output.ts'

/** Everything a command's action needs besides its own arguments. */
export interface Invocation<Options> {
  readonly context: CliContext
  readonly output: Output
  readonly options: Options
}

/** What a command does. Answers its exit status; throws for every failure. */
export type Action<Arguments extends readonly unknown[], Options> = (
  invocation: Invocation<Options>,
  ...args: Arguments
) => ExitCode | Promise<ExitCode>

/** The part of the program that a command file adds itself to. */
export interface Registry {
  readonly context: CliContext
  /** Remembers the exit status of the command that ran. */
  exit(code: ExitCode): void
}

/** Binds an action to a command: gives it `--json`, its output and its exit status. */
export function onAction<Arguments extends readonly unknown[], Options extends object>(
  command: Command,
  registry: Registry,
  action: Action<Arguments, Options>,
): Command {
  // The help of a command without a longer description says what it does all the same.
  if (command.description() === '') command.description(sentence(command.summary()))
  return command.option('--json', 'write one JSON document to standard output').action(async (...received) => {
    const self = received.pop() as Command
    received.pop()
    const options = self.opts<Options & { json?: boolean }>()
    const output = new Output(registry.context, { json: options.json ?? false })
    registry.exit(await action({ context: registry.context, output, options }, ...(received as unknown as Arguments)))
  })
}

function sentence(summary: string): string {
  return `${summary.slice(0, 1).toUpperCase()}${summary.slice(1)}.`
}
