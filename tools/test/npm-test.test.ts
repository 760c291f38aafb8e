import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { capture, root } from '../process.ts'
import { count } from '../vitest-count.ts'

const report = (numPassedTests: number, numFailedTests: number, testResults: object[] = []): string =>
  JSON.stringify({ numPassedTests, numFailedTests, testResults })

describe('the count of a vitest run', () => {
  test('is what vitest counted', () => {
    const failedFile = { status: 'failed', assertionResults: [{ status: 'failed' }] }
    expect(count(0, report(5, 0))).toEqual({ passed: 5, failed: 0, skipped: [] })
    expect(count(1, report(5, 1, [failedFile]))).toEqual({ passed: 5, failed: 1, skipped: [] })
  })

  test('names the tests that did not run', () => {
    const tests = ['passed', 'skipped', 'todo'].map((status) => ({ status, fullName: `a ${status} test` }))
    const file = { status: 'passed', assertionResults: tests }
    expect(count(0, report(1, 0, [file])).skipped).toEqual(['a skipped test', 'a todo test'])
  })

  test('has a failure for a file that could not be loaded', () => {
    expect(count(1, report(5, 0, [{ status: 'failed', assertionResults: [] }]))).toMatchObject({ passed: 5, failed: 1 })
  })

  test('has a failure for a run that ended badly for another reason', () => {
    expect(count(1, report(5, 0))).toMatchObject({ passed: 5, failed: 1 })
    expect(count(1, undefined)).toMatchObject({ passed: 0, failed: 1 })
  })
})

describe('npm test ends with its own line', () => {
  let bin: string
  beforeEach(() => {
    bin = mkdtempSync(join(tmpdir(), 'npm-test-'))
  })
  afterEach(() => rmSync(bin, { recursive: true }))

  function command(name: string, script: string): void {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(bin, name), 0o755)
  }
  async function npmTest(
    CI = '',
    args: readonly string[] = [],
  ): Promise<{ status: number; last: string | undefined; output: string }> {
    const PATH = [bin, process.env['PATH']].join(delimiter)
    const { status, output } = await capture(process.execPath, [join(root, 'tools', 'test.ts'), ...args], {
      env: { ...process.env, PATH, CI },
    })
    return { status, last: output.trim().split('\n').at(-1), output }
  }
  const writesReport = (text: string): string =>
    `for argument; do case "$argument" in --outputFile.json=*) echo '${text}' > "\${argument#*=}";; esac; done`

  test('when all is well', async () => {
    command('turbo', 'exit 0')
    command('vitest', writesReport(report(3, 0)))
    expect(await npmTest()).toMatchObject({ status: 0, last: '3 passed, 0 failed' })
  })

  test('when the type check fails: one failure, and the tests still run', async () => {
    command('turbo', 'exit 2')
    command('vitest', writesReport(report(3, 0)))
    expect(await npmTest()).toMatchObject({ status: 1, last: '3 passed, 1 failed' })
  })

  test('in continuous integration, a test that did not run has failed and is named', async () => {
    command('turbo', 'exit 0')
    const assertionResults = [{ status: 'skipped', fullName: 'a full disk is told' }]
    command('vitest', writesReport(report(3, 0, [{ status: 'passed', assertionResults }])))
    expect(await npmTest()).toMatchObject({ status: 0, last: '3 passed, 0 failed' })
    const inCi = await npmTest('true')
    expect(inCi).toMatchObject({ status: 1, last: '3 passed, 1 failed' })
    expect(inCi.output).toMatch(/Not run.*: a full disk is told/)
    // Somebody who runs a part of the tests has left out the rest on purpose.
    expect(await npmTest('true', ['--project', 'core'])).toMatchObject({ status: 0 })
  })

  test('when vitest crashes', async () => {
    command('turbo', 'exit 0')
    command('vitest', 'kill -SEGV $$')
    expect(await npmTest()).toMatchObject({ status: 1, last: '0 passed, 1 failed' })
  })
})
