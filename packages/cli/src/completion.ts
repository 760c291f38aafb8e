import { type CommandDescription, flatten } from './describe.ts'

/** Shells that {@link completionScript} knows. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const

/** One of {@link SHELLS}. */
export type Shell = (typeof SHELLS)[number]

/** A completion script for a shell: commands, subcommands, options, and files for everything that takes a value. */
export function completionScript(shell: Shell, program: CommandDescription): string {
  switch (shell) {
    case 'bash':
      return bash(program)
    case 'zsh':
      return zsh(program)
    case 'fish':
      return fish(program)
  }
}

/** What can follow a command's words. */
function wordsAfter(command: CommandDescription): string[] {
  return [
    ...command.subcommands.map((child) => child.path.at(-1)!),
    ...command.options.flatMap(({ long, short }) => [long, short].filter((flag) => flag !== undefined)),
    '--help',
  ]
}

function groups(program: CommandDescription): readonly CommandDescription[] {
  return flatten(program).filter(({ subcommands }) => subcommands.length > 0)
}

function bash(program: CommandDescription): string {
  const cases = [program, ...flatten(program)].map(
    (command) => `    '${command.path.join(' ')}') words='${wordsAfter(command).join(' ')}' ;;`,
  )
  return `# bash completion for scitokens: source this file, or put it into ~/.local/share/bash-completion/completions/scitokens
_scitokens() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path='' words='' index=1
  while [ "$index" -lt "$COMP_CWORD" ]; do
    case "\${COMP_WORDS[index]}" in
      -*) ;;
      *)
        case " ${groups(program)
          .map(({ path }) => path.join('/'))
          .join(' ')} " in
          *" $path "*) path="$path/\${COMP_WORDS[index]}" ;;
          *) if [ -z "$path" ]; then path="\${COMP_WORDS[index]}"; else break; fi ;;
        esac
        ;;
    esac
    index=$((index + 1))
  done
  case "\${path//\\// }" in
${cases.join('\n')}
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
    *) COMPREPLY=($(compgen -W "$words" -- "$current") $(compgen -f -- "$current")) ;;
  esac
}
complete -o filenames -F _scitokens scitokens
`
}

function zsh(program: CommandDescription): string {
  const describe = (commands: readonly CommandDescription[]): string =>
    commands.map((child) => `'${quote(`${child.path.at(-1)!}:${child.summary}`)}'`).join(' ')
  const leaves = flatten(program).filter(({ subcommands }) => subcommands.length === 0)
  const options = leaves.map(({ path, options: list }) => {
    const specs = list.flatMap(({ long, description, takesValue }) =>
      long === undefined ? [] : [`'*${long}[${quote(bracketed(description))}]${takesValue ? ':value:_files' : ''}'`],
    )
    return `    '${path.join(' ')}') _arguments ${specs.join(' ')} '--help[show help]' '*:file:_files' ;;`
  })
  const nested = groups(program).map(
    ({ path, subcommands }) =>
      `    '${path.join(' ')}') local -a list=(${describe(subcommands)}); _describe command list ;;`,
  )
  return `#compdef scitokens
# zsh completion for scitokens: put this file as _scitokens into a directory of $fpath
_scitokens() {
  local path="\${words[2]}"
  if (( CURRENT == 2 )); then
    local -a list=(${describe(program.subcommands)}); _describe command list; return
  fi
  if (( CURRENT > 3 )); then
    case "$path" in ${groups(program)
      .map(({ path }) => path.join(' '))
      .join('|')}) path="$path \${words[3]}" ;; esac
  fi
  case "$path" in
${[...nested, ...options].join('\n')}
  esac
}
_scitokens "$@"
`
}

function fish(program: CommandDescription): string {
  const lines = ['# fish completion for scitokens: put this file into ~/.config/fish/completions/scitokens.fish']
  for (const command of flatten(program)) {
    const parent = command.path.slice(0, -1)
    const name = command.path.at(-1)!
    const above = parent.length === 0 ? '__fish_use_subcommand' : `__fish_seen_subcommand_from ${parent.join(' ')}`
    lines.push(`complete -c scitokens -n '${above}' -a ${name} -d '${quote(command.summary)}'`)
    const here = command.path.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ')
    for (const { long, short, description, takesValue } of command.options) {
      if (long === undefined) continue
      const flags = `-l ${long.slice(2)}${short === undefined ? '' : ` -s ${short.slice(1)}`}${takesValue ? ' -r' : ''}`
      lines.push(`complete -c scitokens -n '${here}' ${flags} -d '${quote(description)}'`)
    }
  }
  return `${lines.join('\n')}\n`
}

function quote(text: string): string {
  return text.replaceAll('\n', ' ').replaceAll("'", "'\\''")
}

function bracketed(text: string): string {
  return text.replaceAll('[', '(').replaceAll(']', ')').replaceAll(':', ' -')
}
