/** Something to be timed; with a promise, one operation ends before the next begins. */
export type Operation = () => unknown

/** Medians over the rounds. */
export interface Timing {
  readonly name: string
  readonly medianUs: number
}

// Many short samples: one that the scheduler interrupts is one of very many, and the median does not see it.
const ROUNDS = 1001
const BATCH_MS = 0.25
const WARM_UP_MS = 100

/**
 * Times operations against each other: in each round every one runs for the same time, in turn, so that whatever else the
 * machine does hits all alike. A result is the median of its rounds.
 */
export async function measure(operations: Readonly<Record<string, Operation>>): Promise<readonly Timing[]> {
  const entries = Object.entries(operations)
  const sizes = new Map<string, number>()
  for (const [name, operation] of entries) {
    // oxlint-disable-next-line no-await-in-loop -- one thing at a time is the point
    sizes.set(name, await batchSize(operation))
  }
  const samples = new Map<string, number[]>(entries.map(([name]) => [name, []]))
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, operation] of entries) {
      // oxlint-disable-next-line no-await-in-loop -- as above
      samples.get(name)!.push(await timeBatch(operation, sizes.get(name)!))
      // oxlint-disable-next-line no-await-in-loop -- a turn of the event loop for each, as requests have
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  return entries.map(([name]) => ({ name, medianUs: median(samples.get(name)!) * 1000 }))
}

/** How many operations fill a batch; finding out warms up as well. */
async function batchSize(operation: Operation): Promise<number> {
  for (let size = 1; ; size *= 2) {
    // oxlint-disable-next-line no-await-in-loop -- as above
    const perOperation = await timeBatch(operation, size)
    if (perOperation * size > WARM_UP_MS) return Math.max(1, Math.round(BATCH_MS / perOperation))
  }
}

/** Milliseconds for each operation. */
async function timeBatch(operation: Operation, size: number): Promise<number> {
  const start = performance.now()
  for (let i = 0; i < size; i++) {
    const result = operation()
    // oxlint-disable-next-line no-await-in-loop -- as above
    if (result instanceof Promise) await result
  }
  return (performance.now() - start) / size
}

/** The value in the middle. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}
