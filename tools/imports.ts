import { globSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'

/** Which file imports which: paths relative to the folder that was read, with `/`. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>

/** What a specifier stands in: `import … from '…'`, `export … from '…'`, `import '…'`, `import('…')`, types included. */
const specifiers = /(?:\bfrom|\bimport)\s*\(?\s*(['"])([^'"\n]+)\1/g

/** The specifiers of all imports and re-exports of a source, those of types included. Comments are no imports. */
export function importsOf(source: string): string[] {
  const code = source.replace(/^\s*(?:\/\/|\/?\*).*$/gm, '')
  return [...code.matchAll(specifiers)].map(([, , specifier = '']) => specifier)
}

/** Reads which TypeScript file below a folder imports which other one of that folder. */
export function readImportGraph(folder: string): ImportGraph {
  const files = globSync('**/*.ts', { cwd: folder }).map((file) => file.replaceAll('\\', '/'))
  const known = new Set(files)
  const targets = (file: string): string[] =>
    importsOf(readFileSync(join(folder, file), 'utf8'))
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => posix.join(posix.dirname(file), specifier))
      .filter((target) => known.has(target))
  return new Map(files.toSorted().map((file) => [file, targets(file)]))
}
