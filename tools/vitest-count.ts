import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './process.ts'

export interface Count {
  readonly passed: number
  readonly failed: number
  /** Names of tests that were there and did not run. */
  readonly skipped: readonly string[]
}

interface JsonReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly testResults: readonly {
    readonly status: string
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[]
  }[]
}

/** Runs all vitest projects once. `temp` is an empty folder for its report; `env` replaces the environment. */
export async function runVitest(args: readonly string[], temp: string, env?: NodeJS.ProcessEnv): Promise<Count> {
  const report = join(temp, 'vitest.json')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const status = await run('vitest', ['run', ...reporters, ...args], env)
  return count(status, existsSync(report) ? readFileSync(report, 'utf8') : undefined)
}

/**
 * Counts tests. A file that failed outside its tests (a syntax error, a failed hook) counts as one failure, and a run that
 * ended badly without any failed test (a crash, an unhandled error) too.
 */
export function count(status: number, report: string | undefined): Count {
  if (report === undefined) return { passed: 0, failed: 1, skipped: [] }
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(report) as JsonReport
  const brokenFiles = testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length
  const failed = numFailedTests + brokenFiles
  return {
    passed: numPassedTests,
    failed: failed === 0 && status !== 0 ? 1 : failed,
    skipped: testResults
      .flatMap(({ assertionResults }) => assertionResults)
      .filter((test) => test.status !== 'passed' && test.status !== 'failed')
      .map(({ fullName }) => fullName),
  }
}
