import { chmodSync, chownSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { guardFile } from '../src/file-guard.ts'
import { temporaryDirectory } from './fixture.ts'

const modeOf = (path: string): number => statSync(path).mode & 0o777

describe.runIf(process.getuid !== undefined)('on systems with owners and modes', () => {
  test('a missing file is made with its directories, for this user only', () => {
    const file = join(temporaryDirectory(), 'a', 'b', 'keys')
    expect(guardFile(file)).toBe('read-write')
    expect([modeOf(join(file, '..', '..')), modeOf(join(file, '..')), modeOf(file)]).toEqual([0o700, 0o700, 0o600])
  })

  test('a file of ours that others may read or write is made private', () => {
    const file = join(temporaryDirectory(), 'keys')
    writeFileSync(file, '')
    chmodSync(file, 0o664)
    guardFile(file)
    expect(modeOf(file)).toBe(0o600)
  })

  test('a file that is only read is not changed, but must not be writable by others', () => {
    const file = join(temporaryDirectory(), 'keys')
    writeFileSync(file, '')
    chmodSync(file, 0o644)
    expect(guardFile(file, { readOnly: true })).toBe('read-only')
    expect(modeOf(file)).toBe(0o644)
    chmodSync(file, 0o666)
    expect(() => guardFile(file, { readOnly: true })).toThrow('it can be written by others')
  })

  test.each([0o777, 0o1777, 0o770])('a directory of mode %o is refused: others could replace the file', (mode) => {
    const directory = temporaryDirectory()
    chmodSync(directory, mode)
    expect(() => guardFile(join(directory, 'keys'))).toThrow('can be written by others')
  })

  test('the directory that the SciTokens libraries share is put right, whatever umask made it', () => {
    const directory = join(temporaryDirectory(), 'scitokens')
    mkdirSync(directory)
    chmodSync(directory, 0o775)
    expect(guardFile(join(directory, 'keys'))).toBe('read-write')
    expect(modeOf(directory)).toBe(0o700)
  })

  test("root's files are accepted; other users' files are refused, also by root", () => {
    expect(guardFile('/etc/passwd', { readOnly: true })).toBe('read-only')
    if (process.getuid!() !== 0) return
    const file = join(temporaryDirectory(), 'keys')
    writeFileSync(file, '')
    chownSync(file, 65_534, 65_534)
    expect(() => guardFile(file)).toThrow('it belongs to another user')
  })

  test('a symbolic link is refused: it may point anywhere', () => {
    const directory = temporaryDirectory()
    writeFileSync(join(directory, 'elsewhere'), '')
    symlinkSync(join(directory, 'elsewhere'), join(directory, 'keys'))
    expect(() => guardFile(join(directory, 'keys'))).toThrow('not a regular file')
  })

  test('a file that this user cannot write is read only, unless this user can write everything', () => {
    const file = join(temporaryDirectory(), 'keys')
    writeFileSync(file, '')
    chmodSync(file, 0o400)
    expect(guardFile(file)).toBe(process.getuid!() === 0 ? 'read-write' : 'read-only')
    expect(modeOf(file)).toBe(0o400)
  })
})
