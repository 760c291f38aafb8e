import { existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { makeDirectory } from '../../src/files/index.ts'
import { temporaryDirectory } from '../fixture.ts'

const refusal = (path: string, why: string): unknown =>
  expect.objectContaining({ code: 'config_error', message: `the directory "${path}" cannot be made: ${why}` })

test('every level that is missing is made, each with the mode that was asked for; what is there stays as it is', () => {
  const directory = temporaryDirectory()
  makeDirectory(join(directory, 'a', 'b'), 0o750)
  makeDirectory(join(directory, 'a', 'b', 'c'))
  makeDirectory(join(directory, 'a', 'b', 'c'))
  const modes = ['a', 'a/b', 'a/b/c'].map((name) => statSync(join(directory, name)).mode & 0o777)
  if (process.platform !== 'win32') expect(modes).toEqual([0o750, 0o750, 0o700])
})

test('a directory that is reached by a link is there', () => {
  const directory = temporaryDirectory()
  mkdirSync(join(directory, 'real'))
  symlinkSync(join(directory, 'real'), join(directory, 'link'))
  makeDirectory(join(directory, 'link', 'below'))
  expect(existsSync(join(directory, 'real', 'below'))).toBe(true)
})

describe.runIf(existsSync('/proc/self'))('a file system that knows no new names, as /proc and an automounter', () => {
  // With `mkdir` and `recursive` this never ended.
  test.each(['/proc/scitokens', '/proc/scitokens/cache', '/proc/self/fd/cache/a/b'])(
    'ends %s with a sentence',
    (path) => {
      expect(() => makeDirectory(path)).toThrow(
        /^the directory "\/proc\/[^"]*" cannot be made: nothing can be made there/,
      )
    },
  )
})

test('a file, or a link that leads nowhere, in the way is told by its name', () => {
  const directory = temporaryDirectory()
  writeFileSync(join(directory, 'file'), '')
  symlinkSync(join(directory, 'nowhere'), join(directory, 'link'))
  symlinkSync(join(directory, 'circle'), join(directory, 'circle'))
  const way = (name: string, why: string): void =>
    expect(() => makeDirectory(join(directory, name, 'below'))).toThrow(refusal(join(directory, name), why))
  way('link', 'a link that leads nowhere has its name (EEXIST)')
  expect(() => makeDirectory(join(directory, 'file'))).toThrow(
    refusal(join(directory, 'file'), 'a file is in the way (ENOTDIR)'),
  )
  expect(() => makeDirectory(join(directory, 'file', 'below'))).toThrow('a file is in the way (ENOTDIR)')
  expect(() => makeDirectory(join(directory, 'circle', 'below'))).toThrow('links lead in a circle (ELOOP)')
})
