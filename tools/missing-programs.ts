import { debianPackages } from '@scitokens-tests/programs/table'
import type { Skipped } from './vitest-count.ts'

/** One line about the programs for lack of which tests were left out: which they are, how many tests, what to install. */
export function missingLine(skipped: readonly Skipped[]): string | undefined {
  const leftOut = skipped.filter(({ missingPrograms }) => missingPrograms.length > 0)
  if (leftOut.length === 0) return undefined
  const programs = [...new Set(leftOut.flatMap(({ missingPrograms }) => missingPrograms))].toSorted()
  const packages = [...new Set(programs.flatMap((name) => debianPackages(name).split(' ')))].toSorted()
  const tests = leftOut.length === 1 ? '1 test was' : `${leftOut.length} tests were`
  return `${tests} left out, as this machine has no ${programs.join(', ')} (Debian: apt-get install ${packages.join(' ')})`
}
