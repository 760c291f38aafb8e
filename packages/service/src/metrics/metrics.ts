import { ConfigError } from '@scitokens/core'

// Prometheus' text format 0.0.4, https://prometheus.io/docs/instrumenting/exposition_formats/. Written here because this is all that a
// server of ours needs of it: prom-client comes in four packages of 4.7 MB.

/** Names of labels and their values. */
export type Labels<Name extends string = string> = Readonly<Record<Name, string>>

/** Media type of {@link Metrics.text}. */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** A number that only grows. */
export interface Counter<Name extends string> {
  /**
   * Adds to it.
   *
   * @param by - default: 1.
   */
  inc(labels: Labels<Name>, by?: number): void
}

/** A number that goes up and down. */
export interface Gauge<Name extends string> {
  /** Sets the value of these labels. */
  set(labels: Labels<Name>, value: number): void
  /** Forgets all values: for those that are collected anew at each scrape. */
  reset(): void
}

/** How often a measure was in which range. */
export interface Histogram<Name extends string> {
  /** Counts a measure, in the unit that the name tells. */
  observe(labels: Labels<Name>, value: number): void
}

/** What a metric is called and means. */
export interface Described<Name extends string> {
  /** As Prometheus knows it: `scitokens_issuer_events_total`. */
  readonly name: string
  /** One sentence, for whoever looks at it. */
  readonly help: string
  /** Names of its labels; their values come from a set that nobody outside can widen. */
  readonly labels?: readonly Name[]
}

interface Family {
  readonly head: string
  readonly lines: () => readonly string[]
}

/** Metrics of a process, in Prometheus' text format. */
export class Metrics {
  readonly #families = new Map<string, Family>()
  readonly #collectors: (() => void | Promise<void>)[] = []

  /** A counter; 0 from the start where it has no labels. */
  counter<Name extends string = never>(what: Described<Name>): Counter<Name> {
    const values = this.#values('counter', what)
    return { inc: (labels, by = 1) => values.change(labels, (before) => before + by) }
  }

  /** A gauge. */
  gauge<Name extends string = never>(what: Described<Name>): Gauge<Name> {
    const values = this.#values('gauge', what)
    return { set: (labels, value) => values.change(labels, () => value), reset: () => values.reset() }
  }

  /**
   * A histogram.
   *
   * @param buckets - upper bounds, ascending, without infinity.
   */
  histogram<Name extends string = never>(what: Described<Name>, buckets: readonly number[]): Histogram<Name> {
    const { name } = what
    const series = new Map<string, { readonly counts: number[]; sum: number; count: number }>()
    this.#add('histogram', what, () =>
      [...series].flatMap(([labels, { counts, sum, count }]) => {
        const inBucket = (bound: string, value: number): string =>
          sample(`${name}_bucket`, joined(labels, label('le', bound)), value)
        return [
          ...buckets.map((bound, index) => inBucket(String(bound), counts[index]!)),
          inBucket('+Inf', count),
          sample(`${name}_sum`, labels, sum),
          sample(`${name}_count`, labels, count),
        ]
      }),
    )
    return {
      observe: (labels, value) => {
        const key = labelsText(what, labels)
        const one = series.get(key) ?? { counts: buckets.map(() => 0), sum: 0, count: 0 }
        series.set(key, one)
        one.sum += value
        one.count += 1
        for (const [index, bound] of buckets.entries()) if (value <= bound) one.counts[index]! += 1
      },
    }
  }

  /** Called at each scrape, before the text is written. What it throws fails the scrape. */
  onCollect(collect: () => void | Promise<void>): void {
    this.#collectors.push(collect)
  }

  /** All of it, as Prometheus reads it. */
  async text(): Promise<string> {
    await Promise.all(this.#collectors.map(async (collect) => collect()))
    return [...this.#families.values()].map(({ head, lines }) => `${[head, ...lines()].join('\n')}\n`).join('')
  }

  #values<Name extends string>(
    type: string,
    what: Described<Name>,
  ): { change: (labels: Labels<Name>, to: (before: number) => number) => void; reset: () => void } {
    const values = new Map<string, number>()
    if (!what.labels?.length) values.set('', 0)
    this.#add(type, what, () => [...values].map(([labels, value]) => sample(what.name, labels, value)))
    return {
      change: (labels, to) => {
        const key = labelsText(what, labels)
        values.set(key, to(values.get(key) ?? 0))
      },
      reset: () => values.clear(),
    }
  }

  #add(type: string, { name, help }: Described<string>, lines: Family['lines']): void {
    if (!/^[a-zA-Z_:][\w:]*$/.test(name)) throw new ConfigError('config_error', `${name} is no name of a metric`)
    if (this.#families.has(name)) throw new ConfigError('config_error', `there is a metric ${name} already`)
    const text = help.replaceAll('\\', String.raw`\\`).replaceAll('\n', String.raw`\n`)
    this.#families.set(name, { head: `# HELP ${name} ${text}\n# TYPE ${name} ${type}`, lines })
  }
}

function labelsText<Name extends string>({ labels: names = [] }: Described<Name>, labels: Labels<Name>): string {
  return names.map((name) => label(name, labels[name])).join(',')
}

function label(name: string, value: string): string {
  const text = value.replaceAll('\\', String.raw`\\`).replaceAll('"', String.raw`\"`).replaceAll('\n', String.raw`\n`)
  return `${name}="${text}"`
}

function joined(...labels: readonly string[]): string {
  return labels.filter((one) => one !== '').join(',')
}

function sample(name: string, labels: string, value: number): string {
  const text = value === Infinity ? '+Inf' : value === -Infinity ? '-Inf' : String(value)
  return `${name}${labels === '' ? '' : `{${labels}}`} ${text}`
}
