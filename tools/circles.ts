import type { ImportGraph } from './imports.ts'

/** A wing is a folder of `src`; a file that lies in `src` itself stands alone. */
export function wingOf(file: string): string {
  const [first = file] = file.split('/', 1)
  return first
}

/** The same imports, seen as arrows between wings. */
export function betweenWings(files: ImportGraph): ImportGraph {
  const wings = new Map<string, Set<string>>()
  for (const [file, targets] of files) {
    const wing = wingOf(file)
    const arrows = wings.get(wing) ?? new Set()
    for (const target of targets.map(wingOf)) if (target !== wing) arrows.add(target)
    wings.set(wing, arrows)
  }
  return new Map([...wings].map(([wing, targets]) => [wing, [...targets]]))
}

/** The shortest way from each node back to itself, each circle told once: `['a', 'b', 'a']`. */
export function circles(graph: ImportGraph): string[][] {
  const told = new Set<string>()
  return [...graph.keys()].flatMap((start) => {
    if (told.has(start)) return []
    const way = wayBack(graph, start)
    for (const node of way ?? []) told.add(node)
    return way === undefined ? [] : [way]
  })
}

function wayBack(graph: ImportGraph, start: string): string[] | undefined {
  const cameFrom = new Map<string, string>()
  const queue = [start]
  for (let node = queue.shift(); node !== undefined; node = queue.shift()) {
    for (const next of graph.get(node) ?? []) {
      if (next === start) return traceBack(cameFrom, start, node)
      if (cameFrom.has(next)) continue
      cameFrom.set(next, node)
      queue.push(next)
    }
  }
  return undefined
}

function traceBack(cameFrom: ReadonlyMap<string, string>, start: string, last: string): string[] {
  const way = [start]
  for (let node: string | undefined = last; node !== undefined && node !== start; node = cameFrom.get(node)) {
    way.unshift(node)
  }
  return [start, ...way]
}
