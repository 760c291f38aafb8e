import { type CommandDescription, flatten, type OptionDescription } from './describe.ts'
import { EXIT_STATUS, FILES_AND_ENVIRONMENT } from './reference.ts'

/** The manual page scitokens(1), in man(7) macros. */
export function manPage(program: CommandDescription, version: string): string {
  const lines = [
    `.TH SCITOKENS 1 "" "scitokens ${roff(version)}" "SciTokens"`,
    '.SH NAME',
    `scitokens \\- ${roff(program.summary)}`,
    '.SH SYNOPSIS',
    '.B scitokens',
    '.I command',
    '[options]',
    '.SH DESCRIPTION',
    roff(program.description),
    '.SH COMMANDS',
    ...flatten(program).flatMap(commandLines),
    '.SH EXIT STATUS',
    ...EXIT_STATUS.flatMap(([code, meaning]) => ['.TP', `.B ${code}`, roff(meaning)]),
    '.SH ENVIRONMENT AND FILES',
    ...FILES_AND_ENVIRONMENT.flatMap(([name, meaning]) => ['.TP', `.B ${roff(name)}`, roff(meaning)]),
  ]
  return `${lines.join('\n')}\n`
}

function commandLines(command: CommandDescription): string[] {
  return [
    `.SS scitokens ${roff(command.path.join(' '))} ${roff(command.subcommands.length > 0 ? '<command>' : command.usage)}`,
    roff(command.description),
    ...command.arguments.flatMap(({ name, description }) => ['.TP', `.I ${roff(name)}`, roff(description)]),
    ...command.options.flatMap((option) => ['.TP', `.B ${roff(option.flags)}`, roff(optionText(option))]),
    ...command.examples.flatMap(({ what, line }) => [
      '.PP',
      `${roff(what)}:`,
      '.PP',
      '.nf',
      '.RS',
      roff(line),
      '.RE',
      '.fi',
    ]),
  ]
}

/** What an option does, with its default. */
export function optionText({ description, defaultValue, required }: OptionDescription): string {
  const notes = [required ? 'required' : '', defaultValue === undefined ? '' : `default: ${defaultValue}`].filter(
    Boolean,
  )
  return notes.length === 0 ? description : `${description} (${notes.join('; ')})`
}

// A leading dot or quote would be taken for a request, a plain hyphen for a typographic one. groff_man_style(7).
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('\n', ' ')
    .replace(/^(?=[.'])/, '\\&')
}
