import type { Argument, Command, Option } from 'commander'
import { type Example, examplesOf } from './examples.ts'

/** An option of a command, as documents show it. */
export interface OptionDescription {
  /** As written in help: `-k, --key <file>`. */
  readonly flags: string
  readonly short: string | undefined
  readonly long: string | undefined
  readonly takesValue: boolean
  readonly required: boolean
  readonly description: string
  readonly defaultValue: string | undefined
  readonly choices: readonly string[]
}

/** An argument of a command, as documents show it. */
export interface ArgumentDescription {
  readonly name: string
  readonly description: string
  readonly choices: readonly string[]
}

/** A command, as documents show it. Man page, completion and docs/cli.md are all made from this. */
export interface CommandDescription {
  /** Words after the program's name: `keycache add`. */
  readonly path: readonly string[]
  readonly summary: string
  readonly description: string
  readonly usage: string
  readonly arguments: readonly ArgumentDescription[]
  readonly options: readonly OptionDescription[]
  readonly examples: readonly Example[]
  readonly subcommands: readonly CommandDescription[]
}

/** Describes a command and everything below it. */
export function describeCommand(command: Command, path: readonly string[] = []): CommandDescription {
  return {
    path,
    summary: command.summary() || command.description(),
    description: command.description() || command.summary(),
    usage: command.usage(),
    arguments: command.registeredArguments.map(describeArgument),
    options: command.options.filter((option) => !option.hidden).map(describeOption),
    examples: examplesOf(command),
    subcommands: command.commands
      .filter((child) => !(child as { _hidden?: boolean })._hidden)
      .map((child) => describeCommand(child, [...path, child.name()])),
  }
}

/** Every command below, in the order of help, without the groups themselves. */
export function flatten(description: CommandDescription): readonly CommandDescription[] {
  return description.subcommands.flatMap((child) =>
    child.subcommands.length === 0 ? [child] : [child, ...flatten(child)],
  )
}

function describeArgument(argument: Argument): ArgumentDescription {
  return { name: argument.name(), description: argument.description, choices: argument.argChoices ?? [] }
}

function describeOption(option: Option): OptionDescription {
  const value = option.defaultValue as unknown
  return {
    flags: option.flags,
    short: option.short,
    long: option.long,
    takesValue: option.required || option.optional,
    required: option.mandatory,
    description: option.description,
    defaultValue:
      value === undefined || value === false ? undefined : (option.defaultValueDescription ?? JSON.stringify(value)),
    choices: option.argChoices ?? [],
  }
}
