import { type CommandDescription, flatten } from '../describe.ts'
import { argumentChoices, groups, spellings } from './words.ts'

/** For bash 4 and later, without the package bash-completion. */
export function bashCompletion(program: CommandDescription): string {
  const commands = [program, ...flatten(program)]
  const words = commands.map(
    (command) => `    '${command.path.join(' ')}') words='${wordsAfter(command).join(' ')}' ;;`,
  )
  const values = commands.flatMap(({ path, options }) =>
    options
      .filter(({ takesValue }) => takesValue)
      .map((option) => {
        const patterns = spellings(option).map((flag) => `'${[...path, flag].join(' ')}'`)
        return `    ${patterns.join('|')}) values='${option.choices.join(' ')}'; takes=yes ;;`
      }),
  )
  return `# bash completion for scitokens: source this file, or put it into ~/.local/share/bash-completion/completions/scitokens
_scitokens() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD - 1]}" path='' words='' values='' takes='' index=1
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
  path="\${path//\\// }"
  case "$path $previous" in
${values.join('\n')}
  esac
  case "$path" in
${words.join('\n')}
  esac
  if [ -n "$values" ]; then COMPREPLY=($(compgen -W "$values" -- "$current"))
  elif [ -n "$takes" ]; then COMPREPLY=($(compgen -f -- "$current"))
  else
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    # A file where nothing of our own fits.
    case "$current" in -*) ;; *) [ \${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "$current")) ;; esac
  fi
}
complete -o filenames -F _scitokens scitokens
`
}

/** What can follow a command's words. */
function wordsAfter(command: CommandDescription): string[] {
  return [
    ...command.subcommands.map((child) => child.path.at(-1)!),
    ...argumentChoices(command),
    ...command.options.flatMap(spellings),
    '--help',
  ]
}
