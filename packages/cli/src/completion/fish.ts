import { type CommandDescription, flatten, type OptionDescription } from '../describe.ts'
import { argumentChoices } from './words.ts'

/** For fish 3 and later. */
export function fishCompletion(program: CommandDescription): string {
  const lines = ['# fish completion for scitokens: put this file into ~/.config/fish/completions/scitokens.fish']
  const add = (condition: string, rest: string): void => {
    lines.push(`complete -c scitokens -n '${condition}' ${rest}`)
  }
  add('__fish_use_subcommand', '-f') // no file is a command
  for (const command of flatten(program)) {
    const here = seen(command.path)
    add(siblingWanted(program, command), `-f -a ${command.path.at(-1)!} -d '${escaped(command.summary)}'`)
    for (const choice of argumentChoices(command)) add(here, `-f -a ${choice}`)
    for (const option of command.options) {
      if (option.long !== undefined) add(here, optionFlags(option))
    }
  }
  return `${lines.join('\n')}\n`
}

function seen(path: readonly string[]): string {
  return path.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ')
}

/** When a command may come next: its group is there, and no other of the group yet. */
function siblingWanted(program: CommandDescription, { path }: CommandDescription): string {
  const parent = path.slice(0, -1)
  if (parent.length === 0) return '__fish_use_subcommand'
  const group = flatten(program).find((command) => command.path.join(' ') === parent.join(' '))!
  const siblings = group.subcommands.map((child) => child.path.at(-1)!)
  return `${seen(parent)}; and not __fish_seen_subcommand_from ${siblings.join(' ')}`
}

function optionFlags({ long, short, description, takesValue, choices }: OptionDescription): string {
  const names = `-l ${long!.slice(2)}${short === undefined ? '' : ` -s ${short.slice(1)}`}`
  const value = choices.length > 0 ? ` -xa '${choices.join(' ')}'` : takesValue ? ' -rF' : ''
  return `${names}${value} -d '${escaped(description)}'`
}

// Within single quotes fish takes a backslash before a quote or a backslash, and ends at the quote of a POSIX shell's '\''.
function escaped(text: string): string {
  return text.replaceAll('\n', ' ').replaceAll('\\', '\\\\').replaceAll("'", "\\'")
}
