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
    expect(count(0, report(5, 0))).toEqual({ passed: 5, failed: 0 })
    expect(count(1, report(5, 1, [failedFile]))).toEqual({ passed: 5, failed: 1 })
  })

  test('has a failure for a file that could not be loaded', () => {
    expect(count(1, report(5, 0, [{ status: 'failed', assertionResults: [] }]))).toEqual({ passed: 5, failed: 1 })
  })

  test('has a failure for a run that ended badly for another reason', () => {
    expect(count(1, report(5, 0))).toEqual({ passed: 5, failed: 1 })
    expect(count(1, undefined)).toEqual({ passed: 0, failed: 1 })
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
  async function npmTest(): Promise<{ status: number; last: string | undefined }> {
    const PATH = [bin, process.env['PATH']].join(delimiter)
    const { status, output } = await capture(process.execPath, [join(root, 'tools', 'test.ts')], {
      env: { ...process.env, PATH },
    })
    return { status, last: output.trim().split('\n').at(-1) }
  }
  const writesReport = (text: string): string =>
    `for argument; do case "$argument" in --outputFile.json=*) echo '${text}' > "\${argument#*=}";; esac; done`

  test('when all is well', async () => {
    command('turbo', 'exit 0')
    command('vitest', writesReport(report(3, 0)))
    expect(await npmTest()).toEqual({ status: 0, last: '3 passed, 0 failed' })
  })

  test('when the type check fails: one failure, and the tests still run', async () => {
    command('turbo', 'exit 2')
    command('vitest', writesReport(report(3, 0)))
    expect(await npmTest()).toEqual({ status: 1, last: '3 passed, 1 failed' })
  })

  test('when vitest crashes', async () => {
    command('turbo', 'exit 0')
    command('vitest', 'kill -SEGV $$')
    expect(await npmTest()).toEqual({ status: 1, last: '0 passed, 1 failed' })
  })
})
