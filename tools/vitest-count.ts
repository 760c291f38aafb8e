import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './process.ts'

export interface Count {
  readonly passed: number
  readonly failed: number
  /** Tests that were there and did not run. */
  readonly skipped: readonly Skipped[]
  /** How many passed in each test file, which is named by its whole path. */
  readonly passedIn: Readonly<Record<string, number>>
}

export interface Skipped {
  readonly file: string
  readonly name: string
  /** Programs that it asked for and that this machine has not (tests/programs). */
  readonly missingPrograms: readonly string[]
}

interface JsonReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly assertionResults: readonly {
      readonly status: string
      readonly fullName: string
      readonly meta?: { readonly missingPrograms?: readonly string[] }
    }[]
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
  if (report === undefined) return { passed: 0, failed: 1, skipped: [], passedIn: {} }
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(report) as JsonReport
  const brokenFiles = testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length
  const failed = numFailedTests + brokenFiles
  const passed = ({ assertionResults }: JsonReport['testResults'][number]): number =>
    assertionResults.filter((test) => test.status === 'passed').length
  return {
    passed: numPassedTests,
    failed: failed === 0 && status !== 0 ? 1 : failed,
    skipped: testResults.flatMap(({ name: file, assertionResults }) =>
      assertionResults
        .filter((test) => test.status !== 'passed' && test.status !== 'failed')
        .map(({ fullName, meta }) => ({ file, name: fullName, missingPrograms: meta?.missingPrograms ?? [] })),
    ),
    passedIn: Object.fromEntries(testResults.map((file) => [file.name, passed(file)])),
  }
}

/** The test files in which something did not run. */
export function filesToRepeat({ skipped }: Count): readonly string[] {
  return [...new Set(skipped.map(({ file }) => file))]
}

/** What was counted outside some files. What failed there still counts. */
export function withoutFiles({ passed, failed, skipped, passedIn }: Count, files: readonly string[]): Count {
  const others = Object.fromEntries(Object.entries(passedIn).filter(([file]) => !files.includes(file)))
  const there = files.reduce((sum, file) => sum + (passedIn[file] ?? 0), 0)
  return {
    passed: passed - there,
    failed,
    skipped: skipped.filter(({ file }) => !files.includes(file)),
    passedIn: others,
  }
}

/** Two runs of different files, counted as one. */
export function add(one: Count, other: Count): Count {
  return {
    passed: one.passed + other.passed,
    failed: one.failed + other.failed,
    skipped: [...one.skipped, ...other.skipped],
    passedIn: { ...one.passedIn, ...other.passedIn },
  }
}
