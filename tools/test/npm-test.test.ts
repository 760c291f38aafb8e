import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { capture, root } from '../process.ts'
import { missingLine } from '../missing-programs.ts'
import { count } from '../vitest-count.ts'

const report = (numPassedTests: number, numFailedTests: number, testResults: object[] = []): string =>
  JSON.stringify({ numPassedTests, numFailedTests, testResults })

describe('the count of a vitest run', () => {
  test('is what vitest counted', () => {
    const failedFile = { status: 'failed', assertionResults: [{ status: 'failed' }] }
    expect(count(0, report(5, 0))).toEqual({ passed: 5, failed: 0, skipped: [], passedIn: {} })
    expect(count(1, report(5, 1, [failedFile]))).toMatchObject({ passed: 5, failed: 1, skipped: [] })
  })

  test('names the tests that did not run, and the programs that they lacked', () => {
    const tests = ['passed', 'skipped', 'todo'].map((status) => ({ status, fullName: `a ${status} test` }))
    const lacking = { status: 'skipped', fullName: 'a front end', meta: { missingPrograms: ['nginx'] } }
    const file = { name: '/x.test.ts', status: 'passed', assertionResults: [...tests, lacking] }
    const { skipped, passedIn } = count(0, report(1, 0, [file]))
    expect(skipped).toEqual([
      { file: '/x.test.ts', name: 'a skipped test', missingPrograms: [] },
      { file: '/x.test.ts', name: 'a todo test', missingPrograms: [] },
      { file: '/x.test.ts', name: 'a front end', missingPrograms: ['nginx'] },
    ])
    expect(passedIn).toEqual({ '/x.test.ts': 1 })
  })

  test('says in one line which programs were missing and how many tests they would add', () => {
    const lacking = (...missingPrograms: string[]) => ({ file: '/x.test.ts', name: 'x', missingPrograms })
    expect(missingLine([lacking('promtool'), lacking('nginx', 'openssl'), lacking(), lacking('nginx')])).toBe(
      '3 tests were left out, as this machine has no nginx, openssl, promtool (Debian: apt-get install nginx openssl prometheus)',
    )
    expect(missingLine([lacking('apache2')])).toBe(
      '1 test was left out, as this machine has no apache2 (Debian: apt-get install apache2-bin lua-socket)',
    )
    expect(missingLine([lacking()])).toBeUndefined()
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

  test('type-checks every package, and says so; for `--project` no more than that one', async () => {
    command('turbo', 'echo "turbo: $*"')
    command('vitest', writesReport(report(3, 0)))
    const everything = await npmTest()
    expect(everything.output).toMatch(/^Type-checking every package, then running the tests\.$/m)
    expect(everything.output).not.toContain('--filter')
    for (const args of [['--project', 'core', 'paths'], ['--project=core']]) {
      const { output } = await npmTest('', args)
      expect(output).toMatch(/^Type-checking @scitokens\/core, then running the tests\.$/m)
      expect(output).toMatch(/^turbo: run typecheck .*--filter=@scitokens\/core$/m)
    }
    const two = await npmTest('', ['--project', 'core', '--project', 'tools'])
    expect(two.output).toMatch(/--filter=@scitokens\/core --filter=@scitokens-workspace\/tools$/m)
    // A pattern of vitest's own.
    expect((await npmTest('', ['--project', 'no-such*'])).output).toMatch(/^Type-checking every package/m)
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

  /** What vitest would report: of each test file, its tests and how they ended. */
  const reportOf = (files: Readonly<Record<string, readonly (readonly [name: string, status: string])[]>>): string => {
    const all = Object.values(files).flat()
    const results = Object.entries(files).map(([name, tests]) => ({
      name,
      status: 'passed',
      assertionResults: tests.map(([fullName, status]) => ({
        fullName,
        status,
        meta: status === 'skipped' ? { missingPrograms: ['nginx'] } : {},
      })),
    }))
    return report(all.filter(([, status]) => status === 'passed').length, 0, results)
  }

  test('where a program is missing, with a line before it that says so', async () => {
    command('turbo', 'exit 0')
    command(
      'vitest',
      writesReport(
        reportOf({
          '/a.test.ts': [
            ['one', 'passed'],
            ['two', 'skipped'],
          ],
        }),
      ),
    )
    const { status, last, output } = await npmTest()
    expect({ status, last }).toEqual({ status: 0, last: '1 passed, 0 failed' })
    expect(output.trim().split('\n').at(-2)).toMatch(/^1 test was left out, as this machine has no nginx/)
  })

  test('of two runs that together ran each test once: on a bare machine, then what that left out', async () => {
    command('turbo', 'exit 0')
    const counted = join(bin, 'counted.json')
    const bare = {
      '/a.test.ts': [['a1', 'passed']],
      '/b.test.ts': [
        ['b1', 'passed'],
        ['b2', 'skipped'],
      ],
    } as const
    command('vitest', writesReport(reportOf(bare)))
    expect(await npmTest('', [`--keep=${counted}`])).toMatchObject({ status: 0, last: '2 passed, 0 failed' })

    const full = {
      '/b.test.ts': [
        ['b1', 'passed'],
        ['b2', 'passed'],
      ],
    } as const
    command('vitest', `echo "asked for $*"\n${writesReport(reportOf(full))}`)
    const second = await npmTest('true', [`--after=${counted}`])
    expect(second).toMatchObject({ status: 0, last: '3 passed, 0 failed' })
    expect(second.output).toMatch(/asked for run .*json \/b\.test\.ts$/m)

    // What is still not run in the second run has failed in continuous integration.
    command('vitest', writesReport(reportOf({ '/b.test.ts': bare['/b.test.ts'] })))
    expect(await npmTest('true', [`--after=${counted}`])).toMatchObject({ status: 1, last: '2 passed, 1 failed' })
  })

  test('when vitest crashes', async () => {
    command('turbo', 'exit 0')
    command('vitest', 'kill -SEGV $$')
    expect(await npmTest()).toMatchObject({ status: 1, last: '0 passed, 1 failed' })
  })
})
