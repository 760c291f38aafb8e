import type { Command } from 'commander'

/** A command line and what it does. */
export interface Example {
  readonly what: string
  readonly line: string
}

const EXAMPLES = new WeakMap<Command, readonly Example[]>()

/** Gives a command examples, for `--help`, the man page and docs/cli.md alike. */
export function withExamples(command: Command, examples: readonly (readonly [what: string, line: string])[]): Command {
  const list = examples.map(([what, line]) => ({ what, line }))
  EXAMPLES.set(command, list)
  const text = list.map(({ what, line }) => `  # ${what}\n  ${line}`).join('\n')
  return command.addHelpText('after', `\nExamples:\n${text}`)
}

/** The examples of a command. */
export function examplesOf(command: Command): readonly Example[] {
  return EXAMPLES.get(command) ?? []
}
