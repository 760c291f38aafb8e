import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../process.ts'

const sources = globSync('packages/*/src/**/*.ts', { cwd: root }).map((file) => ({
  file,
  text: readFileSync(join(root, file), 'utf8').replaceAll(/^\s*(?:\/\/|\/?\*).*$/gm, ''),
}))

const where = (pattern: RegExp): string[] => sources.filter(({ text }) => pattern.test(text)).map(({ file }) => file)

/** Milliseconds that a synchronous call may wait: the process, and all that it serves, waits with it. */
const LONGEST_WAIT_MS = 20

test('no database is waited for by SQLite itself for longer than 20 ms, and none by a default', () => {
  const waits = sources.flatMap(({ file, text }) =>
    [...text.matchAll(/busy_timeout\s*=\s*(\S+)|new DatabaseSync\([^()]*(?:\([^()]*\)[^()]*)*\)/g)].flatMap(
      ([call, pragma]) => {
        const wait = pragma ?? /\btimeout: *([\w.]+)/.exec(call)?.[1] ?? '0'
        return Number(wait.replaceAll('_', '')) <= LONGEST_WAIT_MS ? [] : [`${file}: ${call}`]
      },
    ),
  )
  expect(waits).toEqual([])
})

test('no source makes directories recursively: below /proc and an automounter that never ends', () => {
  expect(sources.length).toBeGreaterThan(300)
  expect(where(/\bmkdir(?:Sync)?\([^)]*recursive/)).toEqual([])
})

test('what a profile says stands in its rules: no reader, judge or signer of tokens asks for a profile by its name', () => {
  const named = where(/'(?:scitoken:[12]\.0|wlcg:1\.x|at\+jwt)'/).filter((file) =>
    /packages\/(?:core|enforcer)\//.test(file),
  )
  expect(named).toEqual(['packages/core/src/claims/profile-rules.ts'])
})
