import type { CommandDescription } from '../describe.ts'
import { bashCompletion } from './bash.ts'
import { fishCompletion } from './fish.ts'
import { zshCompletion } from './zsh.ts'

/** Shells that {@link completionScript} knows. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const

/** One of {@link SHELLS}. */
export type Shell = (typeof SHELLS)[number]

/** A completion script for a shell: commands, subcommands, options, their choices, and files for everything else. */
export function completionScript(shell: Shell, program: CommandDescription): string {
  switch (shell) {
    case 'bash':
      return bashCompletion(program)
    case 'zsh':
      return zshCompletion(program)
    case 'fish':
      return fishCompletion(program)
  }
}
