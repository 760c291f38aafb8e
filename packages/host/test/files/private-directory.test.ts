import { chmodSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { makePrivateDirectory } from '../../src/files/index.ts'
import { temporaryDirectory } from '../fixture.ts'

const refusal = (pattern: RegExp): unknown =>
  expect.objectContaining({ code: 'config_error', message: expect.stringMatching(pattern) as string })

test('a file in its place is told', () => {
  const file = join(temporaryDirectory(), 'file')
  writeFileSync(file, '')
  expect(() => makePrivateDirectory(file)).toThrow(refusal(/a file is in the way/))
})

describe.runIf(process.geteuid !== undefined)('on systems with owners and modes', () => {
  test('it is made with mode 0700, and accepted again', () => {
    const directory = join(temporaryDirectory(), 'a', 'state')
    makePrivateDirectory(directory)
    makePrivateDirectory(directory)
    expect(statSync(directory).mode & 0o777).toBe(0o700)
  })

  test.each([0o755, 0o750, 0o701])('one that is open to others (mode %o) is refused, and stays as it is', (mode) => {
    const directory = temporaryDirectory()
    chmodSync(directory, mode)
    expect(() => makePrivateDirectory(directory, 'the state directory')).toThrow(
      refusal(/^the state directory ".*" is open to others: chmod 700 it$/),
    )
    expect(statSync(directory).mode & 0o777).toBe(mode)
  })

  test('one that others could replace is refused', () => {
    const directory = join(temporaryDirectory(), 'state')
    makePrivateDirectory(directory)
    chmodSync(dirname(directory), 0o777)
    expect(() => makePrivateDirectory(directory)).toThrow(refusal(/is not this user's alone: the directory .* can be/))
  })
})
