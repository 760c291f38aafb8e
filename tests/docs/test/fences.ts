import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const root: string = join(import.meta.dirname, '..', '..', '..')

/** A fenced block of a Markdown page. */
export interface Fence {
  readonly language: string
  readonly text: string
  /** Line of the opening fence, from 1. */
  readonly line: number
}

/** A page and its blocks, in order. */
export interface Page {
  /** Path from the root of the work tree. */
  readonly path: string
  readonly fences: readonly Fence[]
}

/** A TypeScript program, and what is shown below it. */
export interface Snippet {
  readonly name: string
  readonly program: string
  /** Standard output, from a `text` block that follows. */
  readonly output: string | undefined
  /** Commands to run while the program is up, from a `console` block that follows. */
  readonly session: readonly Command[] | undefined
}

export interface Command {
  readonly command: string
  readonly output: string
}

export const pages: readonly Page[] = globSync(['README.md', 'packages/*/README.md', 'docs/**/*.md'], { cwd: root })
  .toSorted()
  .map((path) => ({ path, fences: fencesOf(readFileSync(join(root, path), 'utf8')) }))

function fencesOf(markdown: string): Fence[] {
  return [...markdown.matchAll(/^```([a-z]*)[^\n]*\n(.*?)^```$/gms)].map((match) => ({
    language: match[1] ?? '',
    text: match[2] ?? '',
    line: markdown.slice(0, match.index).split('\n').length,
  }))
}

export function snippetsOf({ path, fences }: Page): Snippet[] {
  return fences.flatMap((fence, index) => {
    if (fence.language !== 'ts') return []
    const below = fences[index + 1]
    const afterThat = fences[index + 2]
    const output = below?.language === 'text' ? below.text : undefined
    const session = output === undefined ? below : afterThat
    return [
      {
        name: `${path}:${fence.line}`,
        program: fence.text,
        output,
        session: session?.language === 'console' ? commandsOf(session.text) : undefined,
      },
    ]
  })
}

/** The sessions of a page that do not belong to a program: they are run in order, in one directory. */
export function sessionsOf({ fences }: Page): Command[] {
  return fences.flatMap((fence, index) => {
    const above = fences[index - 1]?.language === 'text' ? fences[index - 2] : fences[index - 1]
    return fence.language === 'console' && above?.language !== 'ts' ? commandsOf(fence.text) : []
  })
}

/**
 * `$ command` lines, each with the output below it. A command goes on after a backslash at the end of a line, and, as shells show it, in
 * lines that begin with `> `.
 */
function commandsOf(session: string): Command[] {
  return session
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [, command = '', output = ''] = /^((?:[^\n]*\\\n)*[^\n]*(?:\n> [^\n]*)*)\n?(.*)$/s.exec(part) ?? []
      return { command: command.replaceAll('\n> ', '\n'), output }
    })
}
