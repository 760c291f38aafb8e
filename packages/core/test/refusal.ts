import { expect } from 'vitest'
import { SciTokenError } from '../src/index.ts'

/** What a piece of work was refused with: `family code`. Fails the test for anything that is no SciTokenError. */
export async function refusal(work: () => unknown): Promise<string> {
  const error: unknown = await (async () => {
    try {
      await work()
    } catch (caught) {
      return caught
    }
    return expect.unreachable('nothing was refused')
  })()
  if (!(error instanceof SciTokenError)) throw error
  return `${error.family} ${error.code}`
}

/** What a piece of work gives, or undefined where it is refused. */
export function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (error instanceof SciTokenError) return undefined
    throw error
  }
}
