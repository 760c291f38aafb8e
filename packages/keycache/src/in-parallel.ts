/** Does work for each item, a few at a time, and tells what each was rejected with: undefined when it went well. Never rejects. */
export async function inParallel<T>(
  limit: number,
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<unknown[]> {
  const failures: unknown[] = items.map(() => undefined)
  const waiting = items.entries()
  const worker = async (): Promise<void> => {
    for (const [index, item] of waiting) {
      // oxlint-disable-next-line no-await-in-loop -- a few at a time
      await work(item).catch((failure: unknown) => {
        failures[index] = failure
      })
    }
  }
  await Promise.all(Array.from({ length: limit }, worker))
  return failures
}
