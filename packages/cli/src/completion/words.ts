import { type CommandDescription, flatten, type OptionDescription } from '../describe.ts'

/** Commands that have commands below them. */
export function groups(program: CommandDescription): readonly CommandDescription[] {
  return flatten(program).filter(({ subcommands }) => subcommands.length > 0)
}

/** Commands that do something themselves. */
export function leaves(program: CommandDescription): readonly CommandDescription[] {
  return flatten(program).filter(({ subcommands }) => subcommands.length === 0)
}

/** How an option may be written. */
export function spellings({ long, short }: OptionDescription): readonly string[] {
  return [long, short].filter((flag) => flag !== undefined)
}

/** What an argument of a command may be, where it is one of a few words. */
export function argumentChoices({ arguments: list }: CommandDescription): readonly string[] {
  return list.flatMap(({ choices }) => choices)
}

/** Text within single quotes of a POSIX shell. */
export function quoted(text: string): string {
  return text.replaceAll('\n', ' ').replaceAll("'", "'\\''")
}
