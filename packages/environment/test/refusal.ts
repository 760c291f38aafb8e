import { SciTokenError } from '@scitokens/core'
import { expect } from 'vitest'

/** What a piece of work was refused with: `family code`. Fails the test for anything that is no SciTokenError. */
export async function refusal(work: () => unknown): Promise<string> {
  const caught: unknown = await Promise.resolve()
    .then(work)
    .catch((error: unknown) => error)
  if (!(caught instanceof SciTokenError)) return expect.unreachable(`no SciTokenError: ${String(caught)}`)
  return `${caught.family} ${caught.code}`
}
