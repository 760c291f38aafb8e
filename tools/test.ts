// `npm test`: type-checks every package, runs every test once and ends with one line of its own, `N passed, N failed`.
// Arguments go to vitest; `npm test -- --project core` type-checks and tests that package alone.
//
// Some tests need a terminal, root, a mount or another program, and are left out where that is missing; the line before the
// last names the programs. In continuous integration nothing may be missing: there a test that did not run has failed.
//
// `--keep FILE` keeps what was counted. `--after FILE` runs only the test files in which that run left something out, and
// counts the others as they were: so each test runs once, on a bare machine or on one that has everything (.ci/run).
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { missingLine } from './missing-programs.ts'
import { typeCheck } from './type-check.ts'
import { add, type Count, filesToRepeat, runVitest, withoutFiles } from './vitest-count.ts'

const { keep, after, args } = readArguments(process.argv.slice(2))
const everythingRuns = Boolean(process.env['CI']) && args.length === 0
const types = await typeCheck(args)
const temp = mkdtempSync(join(tmpdir(), 'scitokens-test-'))
try {
  const counted = after === undefined ? await runVitest(args, temp) : await runRest(after)
  if (keep !== undefined) writeFileSync(keep, JSON.stringify(counted))
  const { passed, failed, skipped } = counted
  const typeErrors = types === 0 ? 0 : 1
  if (typeErrors > 0) console.log('The type check failed, see above; it counts as one failure.')
  const notRun = everythingRuns ? skipped : []
  for (const { name } of notRun) console.log(`Not run, which counts as a failure in continuous integration: ${name}`)
  const failures = failed + typeErrors + notRun.length
  process.exitCode = failures === 0 ? 0 : 1
  const missing = missingLine(skipped)
  if (missing !== undefined) console.log(missing)
  console.log(`${passed} passed, ${failures} failed`)
} finally {
  rmSync(temp, { recursive: true, force: true })
}

/** Runs what an earlier run left out, and adds what that run counted elsewhere. */
async function runRest(report: string): Promise<Count> {
  const before = JSON.parse(readFileSync(report, 'utf8')) as Count
  const files = filesToRepeat(before)
  return files.length === 0 ? before : add(withoutFiles(before, files), await runVitest(files, temp))
}

function readArguments(given: readonly string[]): { keep?: string; after?: string; args: string[] } {
  const own = given.filter((argument) => /^--(keep|after)=/.test(argument))
  const { values } = parseArgs({ args: own, options: { keep: { type: 'string' }, after: { type: 'string' } } })
  return { ...values, args: given.filter((argument) => !own.includes(argument)) }
}
