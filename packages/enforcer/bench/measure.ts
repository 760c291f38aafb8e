/** Something to be measured: does its work for the i-th token. */
export type Candidate = (i: number) => unknown

/** Microseconds per call: the best round, and the middle one. */
export interface Measurement {
  readonly name: string
  readonly best: number
  readonly median: number
}

/**
 * Measures candidates side by side: a round of each in turn, again and again, so that whatever else the machine does falls
 * on all of them. One call after the other is awaited.
 */
export async function measure(
  candidates: Readonly<Record<string, Candidate>>,
  { rounds = 200, calls = 50 }: { rounds?: number; calls?: number } = {},
): Promise<readonly Measurement[]> {
  const spent = new Map(Object.keys(candidates).map((name) => [name, [] as number[]]))
  for (let round = 0; round < rounds; round++) {
    for (const [name, call] of Object.entries(candidates)) {
      const start = performance.now()
      for (let i = 0; i < calls; i++) {
        const answer = call(round * calls + i)
        // oxlint-disable-next-line no-await-in-loop -- one after the other is what is measured
        if (answer instanceof Promise) await answer
      }
      spent.get(name)!.push(((performance.now() - start) / calls) * 1000)
    }
  }
  return [...spent].map(([name, times]) => summarise(name, times))
}

/** The same with several calls under way at any time. */
export async function measureTogether(
  candidates: Readonly<Record<string, Candidate>>,
  { rounds = 60, calls = 320, inFlight = 32 }: { rounds?: number; calls?: number; inFlight?: number } = {},
): Promise<readonly Measurement[]> {
  return measure(
    Object.fromEntries(
      Object.entries(candidates).map(([name, call]) => [
        name,
        async (round: number) => {
          let next = 0
          const worker = async (): Promise<void> => {
            // oxlint-disable-next-line no-await-in-loop -- the others go on meanwhile
            while (next < calls) await call(round + next++)
          }
          await Promise.all(Array.from({ length: inFlight }, worker))
        },
      ]),
    ),
    { rounds, calls: 1 },
  ).then((all) => all.map(({ name, best, median }) => ({ name, best: best / calls, median: median / calls })))
}

/** Best and middle of several rounds. */
export function summarise(name: string, times: readonly number[]): Measurement {
  const sorted = times.toSorted((a, b) => a - b)
  return { name, best: sorted[0]!, median: sorted[Math.floor(sorted.length / 2)]! }
}

/** Prints a table for Markdown; ratios are to the best round of the first line. */
export function print(title: string, measurements: readonly Measurement[]): void {
  console.log(`\n${title}\n`)
  console.log('| | best, µs | median, µs | best / first |\n|---|---|---|---|')
  for (const { name, best, median } of measurements) {
    const ratio = (best / measurements[0]!.best).toFixed(2)
    console.log(`| ${name} | ${best.toFixed(2)} | ${median.toFixed(2)} | ${ratio} |`)
  }
}
