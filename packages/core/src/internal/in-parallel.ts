import { ConfigError } from '../errors.ts'

/**
 * Does work for each item, a few at a time, begun in the order of the items. Where work fails, no more is begun; what is under way is awaited,
 * and then the first failure is thrown. Work that may fail for some items and go on with others catches its failures itself.
 *
 * Throws `config_error` for a limit under which nothing would be done.
 *
 * @param limit - how many at a time.
 * @param items - read one by one, so an iterator that makes them late is fine.
 * @param work - what to do; it gets the item and its number, from 0.
 */
export async function inParallel<T>(
  limit: number,
  items: Iterable<T>,
  work: (item: T, index: number) => Promise<unknown>,
): Promise<void> {
  if (!(limit >= 1)) throw new ConfigError('config_error', 'at least one must be done at a time')
  const waiting = numbered(items)
  let failure: { readonly error: unknown } | undefined
  const worker = async (): Promise<void> => {
    try {
      // A failure leaves this loop, which closes `waiting`: the other workers find nothing more in it.
      // oxlint-disable-next-line no-await-in-loop -- a few at a time
      for (const [index, item] of waiting) await work(item, index)
    } catch (error) {
      failure ??= { error }
    }
  }
  await Promise.all(Array.from({ length: limit }, worker))
  if (failure) throw failure.error
}

function* numbered<T>(items: Iterable<T>): Generator<[number, T], undefined> {
  let index = 0
  for (const item of items) yield [index++, item]
}
