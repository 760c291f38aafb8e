/**
 * Puts what several processes export into one text: each sample gets the label `worker`, and what a metric means stands once, before all
 * of its samples, as the format wants it.
 *
 * @param parts - texts in Prometheus' format, each with the name of its process.
 */
export function mergeMetrics(parts: readonly { readonly worker: string; readonly text: string }[]): string {
  const families = new Map<string, { head: string[]; samples: string[] }>()
  for (const { worker, text } of parts) {
    let family = ''
    const headsBefore = new Set(families.keys())
    for (const line of text.split('\n')) {
      const [, name] = /^# (?:HELP|TYPE) (\S+)/.exec(line) ?? []
      if (name !== undefined) family = name
      const entry = families.get(family) ?? { head: [], samples: [] }
      families.set(family, entry)
      if (name !== undefined && !headsBefore.has(name)) entry.head.push(line)
      else if (line !== '' && !line.startsWith('#')) entry.samples.push(withLabel(line, worker))
    }
  }
  const lines = [...families.values()].flatMap(({ head, samples }) => [...head, ...samples])
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

/** `name 1` or `name{a="b"} 1`, with one label more. */
function withLabel(sample: string, worker: string): string {
  const label = `worker="${worker}"`
  const [name = ''] = /^[a-zA-Z_:][\w:]*/.exec(sample) ?? []
  const rest = sample.slice(name.length)
  return rest.startsWith('{') ? `${name}{${label},${rest.slice(1)}` : `${name}{${label}}${rest}`
}
