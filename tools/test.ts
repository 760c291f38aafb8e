// `npm test`: type-checks every package, runs every test once and ends with one line of its own, `N passed, N failed`.
// Arguments go to vitest, for example `npm test -- --project core`.
//
// Some tests need a terminal, root, a mount or another program, and are left out where that is missing. In continuous
// integration nothing may be missing: there a test that did not run has failed.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './process.ts'
import { runVitest } from './vitest-count.ts'

const args = process.argv.slice(2)
const everythingRuns = Boolean(process.env['CI']) && args.length === 0
const types = await run('turbo', ['run', 'typecheck', '--continue', '--output-logs=errors-only'])
const temp = mkdtempSync(join(tmpdir(), 'scitokens-test-'))
try {
  const { passed, failed, skipped } = await runVitest(args, temp)
  const typeErrors = types === 0 ? 0 : 1
  if (typeErrors > 0) console.log('The type check failed, see above; it counts as one failure.')
  const notRun = everythingRuns ? skipped : []
  for (const name of notRun) console.log(`Not run, which counts as a failure in continuous integration: ${name}`)
  const failures = failed + typeErrors + notRun.length
  process.exitCode = failures === 0 ? 0 : 1
  console.log(`${passed} passed, ${failures} failed`)
} finally {
  rmSync(temp, { recursive: true, force: true })
}
