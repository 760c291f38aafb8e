import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { writePrivateFile } from '../../src/files/index.ts'
import { temporaryDirectory } from '../fixture.ts'

const isRoot = process.geteuid?.() === 0
const STRANGER = 64_325

const refusal = (pattern: RegExp): unknown =>
  expect.objectContaining({ code: 'config_error', message: expect.stringMatching(pattern) as string })

test('a file is replaced whole: who has the old one open reads the old one to its end', () => {
  const directory = temporaryDirectory()
  const file = join(directory, 'token')
  writePrivateFile(file, 'old')
  const before = statSync(file).ino
  writePrivateFile(file, 'new')
  expect([readFileSync(file, 'utf8'), statSync(file).ino === before]).toEqual(['new', false])
  expect(readdirSync(directory)).toEqual(['token'])
})

test('a directory that is not there is told, with what the file was to be', () => {
  const file = join(temporaryDirectory(), 'none', 'token')
  expect(() => writePrivateFile(file, 'x', { what: 'the token file' })).toThrow(
    refusal(/^the token file ".*" cannot be written: there is no such directory$/),
  )
})

describe.runIf(process.geteuid !== undefined)('on systems with owners and modes', () => {
  test('mode 0600 by default, and the one that was asked for, whatever the umask', () => {
    const file = join(temporaryDirectory(), 'token')
    const before = process.umask(0o022)
    try {
      writePrivateFile(file, 'x')
      expect(statSync(file).mode & 0o777).toBe(0o600)
      writePrivateFile(file, 'x', { mode: 0o664 })
      expect(statSync(file).mode & 0o777).toBe(0o664)
    } finally {
      process.umask(before)
    }
  })

  test('a link in place of the file is replaced, not followed; one in place of its directory is refused', () => {
    const directory = temporaryDirectory()
    writeFileSync(join(directory, 'elsewhere'), 'theirs')
    symlinkSync(join(directory, 'elsewhere'), join(directory, 'token'))
    writePrivateFile(join(directory, 'token'), 'ours')
    expect(['elsewhere', 'token'].map((name) => readFileSync(join(directory, name), 'utf8'))).toEqual([
      'theirs',
      'ours',
    ])
    symlinkSync(directory, join(directory, 'link'))
    expect(() => writePrivateFile(join(directory, 'link', 'token'), 'x')).toThrow(refusal(/is a link or no directory/))
  })

  test('a directory in which everybody can replace the file is refused; a sticky one is not', () => {
    const directory = temporaryDirectory()
    chmodSync(directory, 0o777)
    expect(() => writePrivateFile(join(directory, 'token'), 'x')).toThrow(refusal(/others can replace the file/))
    chmodSync(directory, 0o1777)
    writePrivateFile(join(directory, 'token'), 'x')
    expect(readdirSync(directory)).toEqual(['token'])
  })

  test.runIf(isRoot)("another user's directory is refused, unless the file is for that user", () => {
    const directory = join(temporaryDirectory(), 'home')
    mkdirSync(directory)
    chownSync(directory, STRANGER, STRANGER)
    const file = join(directory, 'token')
    expect(() => writePrivateFile(file, 'x')).toThrow(refusal(/others can replace the file/))
    expect(() => writePrivateFile(file, 'x', { uid: STRANGER, trustedOwners: [0] })).toThrow(
      refusal(/others can replace/),
    )
    writePrivateFile(file, 'x', { uid: STRANGER, gid: STRANGER })
    const { uid, gid } = statSync(file)
    expect([uid, gid]).toEqual([STRANGER, STRANGER])
  })
})
