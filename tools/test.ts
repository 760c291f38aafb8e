// `npm test`: type-checks every package, runs every test once and ends with one line of its own, `N passed, N failed`.
// Arguments go to vitest, for example `npm test -- --project core`.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './process.ts'
import { runVitest } from './vitest-count.ts'

const types = await run('turbo', ['run', 'typecheck', '--continue', '--output-logs=errors-only'])
const temp = mkdtempSync(join(tmpdir(), 'scitokens-test-'))
try {
  const { passed, failed } = await runVitest(process.argv.slice(2), temp)
  const typeErrors = types === 0 ? 0 : 1
  if (typeErrors > 0) console.log('The type check failed, see above; it counts as one failure.')
  process.exitCode = failed + typeErrors === 0 ? 0 : 1
  console.log(`${passed} passed, ${failed + typeErrors} failed`)
} finally {
  rmSync(temp, { recursive: true, force: true })
}
