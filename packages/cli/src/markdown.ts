import { type CommandDescription, flatten } from './describe.ts'
import { optionText } from './man-page.ts'
import { EXIT_STATUS, FILES_AND_ENVIRONMENT } from './reference.ts'

/** The text of docs/cli.md. */
export function markdownReference(program: CommandDescription): string {
  const commands = flatten(program)
  const lines = [
    '# The `scitokens` command',
    '',
    '<!-- Made by `scitokens man --markdown`; a test compares. Change the commands, not this page. -->',
    '',
    program.description,
    '',
    '| command | does |',
    '| --- | --- |',
    ...commands.map(({ path, summary }) => `| [\`${path.join(' ')}\`](#${anchor(path)}) | ${cell(summary)} |`),
    '',
    'Every command knows `--json` and `--help`. Results go to standard output, everything else to standard error.',
    '',
    '## Exit status',
    '',
    '| status | means |',
    '| --- | --- |',
    ...EXIT_STATUS.map(([code, meaning]) => `| ${code} | ${cell(meaning)} |`),
    '',
    '## Environment and files',
    '',
    '| name | meaning |',
    '| --- | --- |',
    ...FILES_AND_ENVIRONMENT.map(([name, meaning]) => `| \`${name}\` | ${cell(meaning)} |`),
    '',
    ...commands.flatMap(section),
  ]
  return `${lines.join('\n').trimEnd()}\n`
}

function section(command: CommandDescription): string[] {
  const { path, description, usage, options, examples, subcommands } = command
  if (subcommands.length > 0) return [`## ${path.join(' ')}`, '', description, '']
  return [
    `## ${path.join(' ')}`,
    '',
    description,
    '',
    '```',
    `scitokens ${path.join(' ')} ${usage}`,
    '```',
    '',
    ...table(
      ['argument', 'is'],
      command.arguments.map((argument) => [argument.name, argument.description]),
    ),
    ...table(
      ['option', 'does'],
      options.map((option) => [option.flags, optionText(option)]),
    ),
    ...(examples.length === 0
      ? []
      : ['```sh', ...examples.flatMap(({ what, line }) => [`# ${what}`, line]), '```', '']),
  ]
}

function table(head: readonly [string, string], rows: readonly (readonly [string, string])[]): string[] {
  if (rows.length === 0) return []
  return [
    `| ${head[0]} | ${head[1]} |`,
    '| --- | --- |',
    ...rows.map(([name, text]) => `| \`${cell(name)}\` | ${cell(text)} |`),
    '',
  ]
}

function anchor(path: readonly string[]): string {
  return path.join('-')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}
