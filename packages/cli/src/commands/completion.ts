import { Argument, type Command } from 'commander'
import { type Invocation, onAction, type Registry } from '../command.ts'
import { completionScript, type Shell, SHELLS } from '../completion/completion.ts'
import { describeCommand } from '../describe.ts'
import { withExamples } from '../examples.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'

/** Adds `scitokens completion`. */
export function addCompletion(program: Command, registry: Registry): void {
  const command = program
    .command('completion')
    .summary('write a completion script for your shell')
    .description('Writes a completion script, made from the commands themselves.')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
  withExamples(command, [
    ['in ~/.bashrc', 'source <(scitokens completion bash)'],
    ['for fish', 'scitokens completion fish > ~/.config/fish/completions/scitokens.fish'],
  ])
  onAction(command, registry, ({ output }: Invocation<object>, shell: Shell): ExitCode => {
    const script = completionScript(shell, describeCommand(program))
    output.result({ shell, script }, () => script)
    return EXIT.yes
  })
}
