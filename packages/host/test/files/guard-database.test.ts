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
import { basename, dirname, join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { guardDatabase } from '../../src/files/guard-database.ts'
import { temporaryDirectory } from '../fixture.ts'

const isRoot = process.geteuid?.() === 0
const STRANGER = 64_321

const modeOf = (path: string): number => statSync(path).mode & 0o777

let warnings: string[]
const warn = (message: string): number => warnings.push(message)
beforeEach(() => {
  warnings = []
})

/** Names in a directory, with what is random in them left out. */
const namesIn = (directory: string): string[] =>
  readdirSync(directory)
    .map((name) => name.replace(/set-aside-[\da-f]{12}/, 'set-aside'))
    .toSorted()

describe.runIf(process.geteuid !== undefined)('on systems with owners and modes', () => {
  test('a missing file is made with its directories, for this user only', () => {
    const file = join(temporaryDirectory(), 'a', 'b', 'keys')
    expect(guardDatabase(file, { warn })).toBe('read-write')
    expect([modeOf(join(file, '..', '..')), modeOf(join(file, '..')), modeOf(file)]).toEqual([0o700, 0o700, 0o600])
    expect(warnings).toEqual([])
  })

  test('a file of ours that others may only read is made private', () => {
    const file = join(temporaryDirectory(), 'keys')
    writeFileSync(file, 'mine')
    chmodSync(file, 0o644)
    guardDatabase(file, { warn })
    expect([modeOf(file), readFileSync(file, 'utf8'), warnings]).toEqual([0o600, 'mine', []])
  })

  test.each([0o666, 0o660, 0o602])(
    'a file of mode %o is set aside and made anew: others could have written it',
    (mode) => {
      const file = join(temporaryDirectory(), 'keys')
      writeFileSync(file, 'whose?')
      chmodSync(file, mode)
      expect(guardDatabase(file, { warn })).toBe('read-write')
      expect([modeOf(file), readFileSync(file, 'utf8')]).toEqual([0o600, ''])
      expect(namesIn(dirname(file))).toEqual(['keys', 'keys.set-aside'])
      expect(warnings).toEqual([
        expect.stringMatching(/keys can be written by others: it was set aside as .*\/keys\.set-aside-/),
      ])
    },
  )

  test.each(['-journal', '-wal', '-shm'])('keys%s that others can write is set aside with its database', (suffix) => {
    const file = join(temporaryDirectory(), 'keys')
    writeFileSync(file, 'mine', { mode: 0o600 })
    writeFileSync(file + suffix, 'whose?')
    chmodSync(file + suffix, 0o666)
    guardDatabase(file, { warn })
    expect(readFileSync(file, 'utf8')).toBe('')
    expect(namesIn(dirname(file))).toEqual(['keys', 'keys.set-aside', `keys.set-aside${suffix}`])
  })

  test.runIf(isRoot).each(['', '-journal'])(
    "another user's keys%s is set aside with all that belongs to it",
    (suffix) => {
      const file = join(temporaryDirectory(), 'keys')
      writeFileSync(file, 'mine', { mode: 0o600 })
      writeFileSync(file + suffix, 'his', { mode: 0o600 })
      chownSync(file + suffix, STRANGER, STRANGER)
      guardDatabase(file, { warn })
      expect([readFileSync(file, 'utf8'), statSync(file).uid]).toEqual(['', process.geteuid!()])
      expect(warnings).toEqual([expect.stringContaining(`keys${suffix} belongs to another user`)])
    },
  )

  test.runIf(isRoot)("another user's file that other programs share is refused: it would be taken from them", () => {
    const file = join(temporaryDirectory(), 'keys')
    writeFileSync(file, 'his', { mode: 0o600 })
    chownSync(file, STRANGER, STRANGER)
    expect(() => guardDatabase(file, { shared: true, warn })).toThrow('belongs to another user')
    expect(readFileSync(file, 'utf8')).toBe('his')
  })

  test('a file that is only read is not changed, but must be in no other hands, nor its journal', () => {
    const file = join(temporaryDirectory(), 'keys')
    writeFileSync(file, '')
    chmodSync(file, 0o644)
    expect(guardDatabase(file, { readOnly: true })).toBe('read-only')
    expect(modeOf(file)).toBe(0o644)
    writeFileSync(`${file}-journal`, '')
    chmodSync(`${file}-journal`, 0o666)
    expect(() => guardDatabase(file, { readOnly: true })).toThrow('keys-journal can be written by others')
    expect(namesIn(dirname(file))).toEqual(['keys', 'keys-journal'])
  })

  test.each([0o777, 0o1777, 0o770])('a directory of mode %o is refused: others could replace the file', (mode) => {
    const directory = temporaryDirectory()
    chmodSync(directory, mode)
    expect(() => guardDatabase(join(directory, 'keys'))).toThrow(`the directory ${directory} can be written by others`)
  })

  test.each([true, false])('a directory above that others can write is refused (read only: %s)', (readOnly) => {
    const above = temporaryDirectory()
    const file = join(above, 'cache', 'scitokens', 'keys')
    guardDatabase(file)
    chmodSync(above, 0o777)
    expect(() => guardDatabase(file, { readOnly })).toThrow(`the directory ${above} can be written by others`)
  })

  test('a directory that is to be remade is set aside when a umask let others in, and made anew', () => {
    const directory = join(temporaryDirectory(), 'scitokens')
    mkdirSync(directory)
    writeFileSync(join(directory, 'keys'), 'whose?', { mode: 0o600 })
    chmodSync(directory, 0o775)
    expect(guardDatabase(join(directory, 'keys'), { remakeDirectory: true, warn })).toBe('read-write')
    expect([modeOf(directory), readFileSync(join(directory, 'keys'), 'utf8')]).toEqual([0o700, ''])
    expect(namesIn(dirname(directory))).toEqual(['scitokens', 'scitokens.set-aside'])
    expect(warnings).toEqual([
      expect.stringContaining(`the directory ${directory} could be written by others: it was set aside`),
    ])
  })

  test("root's files are accepted", () => {
    expect(guardDatabase('/etc/passwd', { readOnly: true })).toBe('read-only')
  })

  test('a symbolic link of ours is refused: it may point anywhere', () => {
    const directory = temporaryDirectory()
    writeFileSync(join(directory, 'elsewhere'), '')
    symlinkSync(join(directory, 'elsewhere'), join(directory, 'keys'))
    expect(() => guardDatabase(join(directory, 'keys'))).toThrow('not a regular file')
  })

  test('a file that this user cannot write is read only, unless this user can write everything', () => {
    const file = join(temporaryDirectory(), 'keys')
    writeFileSync(file, '')
    chmodSync(file, 0o400)
    expect(guardDatabase(file)).toBe(isRoot ? 'read-write' : 'read-only')
    expect(modeOf(file)).toBe(0o400)
  })

  test('what is set aside twice keeps both', () => {
    const file = join(temporaryDirectory(), 'keys')
    for (const round of ['first', 'second']) {
      writeFileSync(file, round)
      chmodSync(file, 0o666)
      guardDatabase(file, { warn })
    }
    expect(namesIn(dirname(file))).toEqual([basename(file), 'keys.set-aside', 'keys.set-aside'])
  })
})
