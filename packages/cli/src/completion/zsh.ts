import type { CommandDescription, OptionDescription } from '../describe.ts'
import { argumentChoices, groups, leaves, quoted } from './words.ts'

/** For zsh with compinit. */
export function zshCompletion(program: CommandDescription): string {
  const nested = groups(program).map(
    ({ path, subcommands }) =>
      `    '${path.join(' ')}') local -a list=(${described(subcommands)}); _describe command list ;;`,
  )
  const options = leaves(program).map((command) => {
    const choices = argumentChoices(command)
    const rest = choices.length === 0 ? '*:file:_files' : `*:argument:(${choices.join(' ')})`
    const specs = [...command.options.flatMap(optionSpec), "'--help[show help]'", `'${rest}'`]
    return `    '${command.path.join(' ')}') shift words; (( CURRENT-- )); _arguments ${specs.join(' ')} ;;`
  })
  return `#compdef scitokens
# zsh completion for scitokens: put this file as _scitokens into a directory of $fpath
_scitokens() {
  local chosen="\${words[2]}"
  if (( CURRENT == 2 )); then
    local -a list=(${described(program.subcommands)}); _describe command list; return
  fi
  case "$chosen" in
    ${groups(program)
      .map(({ path }) => `'${path.join(' ')}'`)
      .join('|')}) if (( CURRENT > 3 )); then chosen="$chosen \${words[3]}"; shift words; (( CURRENT-- )); fi ;;
  esac
  case "$chosen" in
${[...nested, ...options].join('\n')}
  esac
}
_scitokens "$@"
`
}

function described(commands: readonly CommandDescription[]): string {
  return commands.map((child) => `'${quoted(`${child.path.at(-1)!}:${child.summary}`)}'`).join(' ')
}

function optionSpec({ long, description, takesValue, choices }: OptionDescription): string[] {
  if (long === undefined) return []
  const value = choices.length === 0 ? '_files' : `(${choices.join(' ')})`
  return [`'*${long}[${quoted(bracketed(description))}]${takesValue ? `:value:${value}` : ''}'`]
}

// Square brackets and colons mean something to _arguments.
function bracketed(text: string): string {
  return text.replaceAll('[', '(').replaceAll(']', ')').replaceAll(':', ' -')
}
