import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { needs, pathOf, programsIn } from '../src/index.ts'
import { execFile, execFileSync, spawn, spawnSync } from '../src/processes.ts'
import { debianPackages, find } from '../src/programs.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'programs-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** A `bin` in which these programs do nothing, and say their name. */
function machineWith(...programs: readonly string[]): string {
  const bin = mkdtempSync(join(folder, 'bin-'))
  for (const name of programs) {
    writeFileSync(join(bin, name), `#!/bin/sh\necho ${name}\n`)
    chmodSync(join(bin, name), 0o755)
  }
  return bin
}

interface Seen {
  readonly status: string
  readonly missing: readonly string[] | undefined
}

/** Runs the tests of ./fixture on a machine with these programs. */
async function fixture(
  file: string,
  programs: readonly string[],
  CI = '',
): Promise<{ tests: Map<string, Seen>; text: string }> {
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')
  const report = join(mkdtempSync(join(folder, 'report-')), 'report.json')
  const args = [
    'run',
    '--root',
    join(import.meta.dirname, 'fixture'),
    file,
    '--reporter=json',
    `--outputFile=${report}`,
  ]
  const env = { ...process.env, PATH: machineWith(...programs), CI }
  await promisify(execFile)(process.execPath, [vitest, ...args], { env }).catch(() => {})
  const text = readFileSync(report, 'utf8')
  const { testResults } = JSON.parse(text) as {
    testResults: { assertionResults: { title: string; status: string; meta: { missingPrograms?: string[] } }[] }[]
  }
  const tests = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .map(({ title, status, meta }) => [title, { status, missing: meta.missingPrograms }] as const)
  return { tests: new Map(tests), text }
}

describe('tests that ask for programs', () => {
  test('run where all are there', async () => {
    const { tests } = await fixture('some', ['jq', 'curl'])
    expect([...tests.values()].map(({ status }) => status)).toEqual(['passed', 'passed', 'passed'])
  })

  test('are left out where one is missing, and say which', async () => {
    const { tests } = await fixture('some', ['jq'])
    expect(tests).toEqual(
      new Map([
        ['needs nothing', { status: 'passed', missing: undefined }],
        ['needs two', { status: 'skipped', missing: ['curl'] }],
        ['needs one', { status: 'skipped', missing: ['curl'] }],
      ]),
    )
  })

  test('are left out as a whole file, in whatever form they are declared, and with the hooks', async () => {
    const { tests } = await fixture('whole-file', [])
    expect([...tests.keys()]).toEqual([
      'plain',
      'with a time of its own',
      'with options',
      'each 1',
      'each 2',
      'for 3',
      'conditional',
      'inner',
      'inner of each',
    ])
    expect(new Set([...tests.values()].map((seen) => JSON.stringify(seen)))).toEqual(
      new Set([JSON.stringify({ status: 'skipped', missing: ['jq'] })]),
    )
  })

  test('fail in continuous integration where one is missing, with one clear sentence', async () => {
    const { tests, text } = await fixture('some', [], 'true')
    expect(tests.size).toBe(0)
    expect(text).toContain('jq is missing on this machine (Debian: apt-get install jq)')
  })

  test('can only ask for what the table knows', () => {
    expect(() => needs('no-such-program')).toThrow('no program no-such-program in the table')
  })
})

describe('a test that starts a program', () => {
  test('without asking for it fails on every machine, whatever the name is spelled like and however it is started', async () => {
    const sentence = "did not ask for it: needs('logrotate')"
    expect(() => spawn('logrotate')).toThrow(sentence)
    expect(() => spawnSync('/usr/sbin/logrotate')).toThrow(sentence)
    expect(() => execFileSync('logrotate')).toThrow(sentence)
    expect(() => execFile('logrotate')).toThrow(sentence)
    await expect(async () => promisify(execFile)('logrotate')).rejects.toThrow(sentence)
  })

  test('may start what a bare machine has, and what lies in the work tree or was made by a test', async () => {
    expect(spawnSync('sh', ['-c', 'exit 3']).status).toBe(3)
    expect((await promisify(execFile)(process.execPath, ['--version'])).stdout.trim()).toBe(process.version)
    expect(execFileSync(join(machineWith('curl'), 'curl'), { encoding: 'utf8' })).toBe('curl\n')
  })
})

describe('a program', () => {
  test('is looked for on PATH, and in the sbin beside each bin of it', () => {
    const usr = mkdtempSync(join(folder, 'usr-'))
    mkdirSync(join(usr, 'sbin'))
    writeFileSync(join(usr, 'sbin', 'nginx'), '')
    expect(find('nginx', join(usr, 'bin'))).toBeUndefined()
    chmodSync(join(usr, 'sbin', 'nginx'), 0o755)
    expect(find('nginx', join(usr, 'bin'))).toBe(join(usr, 'sbin', 'nginx'))
    expect(find('nginx', join(usr, 'elsewhere'))).toBeUndefined()
  })

  test('has a Debian package', () => {
    expect(debianPackages('promtool')).toBe('prometheus')
    expect(() => pathOf('promtol')).toThrow('no program promtol')
  })

  test('is found in the commands of a shell', () => {
    expect(programsIn('scitokens decode > cat.txt && curl -s x | ./sed; timeout 60 sh -c "grep -q a b"')).toEqual([
      'curl',
      'timeout',
      'grep',
    ])
  })
})
