import type { Command } from 'commander'
import { type Invocation, onAction, type Registry } from '../command.ts'
import { describeCommand } from '../describe.ts'
import { withExamples } from '../examples.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { manPage } from '../man-page.ts'
import { markdownReference } from '../markdown.ts'

/** Adds `scitokens man`. */
export function addMan(program: Command, registry: Registry): void {
  const command = program
    .command('man')
    .summary('write the manual page')
    .description(
      'Writes the manual page scitokens(1), made from the commands themselves; with --markdown the same as Markdown.',
    )
    .option('--markdown', 'write docs/cli.md instead')
  withExamples(command, [
    ['read it', 'scitokens man | man -l -'],
    ['install it', 'scitokens man > ~/.local/share/man/man1/scitokens.1'],
  ])
  onAction(command, registry, ({ output, options }: Invocation<{ markdown?: boolean }>): ExitCode => {
    const description = describeCommand(program)
    const text = options.markdown ? markdownReference(description) : manPage(description, program.version() ?? '')
    output.result({ commands: description.subcommands }, () => text)
    return EXIT.yes
  })
}
