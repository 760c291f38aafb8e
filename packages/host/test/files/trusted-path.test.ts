import { chmodSync, chownSync, lchownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { databaseInOtherHands, directoryInOtherHands } from '../../src/files/index.ts'
import { temporaryDirectory } from '../fixture.ts'

const isRoot = process.geteuid?.() === 0
const STRANGER = 64_321

describe.runIf(process.geteuid !== undefined)('a directory', () => {
  const below = (...names: string[]): string => {
    const path = join(temporaryDirectory(), ...names)
    mkdirSync(path, { recursive: true, mode: 0o755 })
    return path
  }

  test('of this user, below sticky /tmp and what belongs to root, is in no other hands', () => {
    expect(directoryInOtherHands(below('a', 'b'))).toBeUndefined()
  })

  test.each([0o777, 0o770, 0o707, 0o1777, 0o1770])(
    'is in other hands with mode %o: they could plant a journal',
    (mode) => {
      const directory = below('a')
      chmodSync(directory, mode)
      expect(directoryInOtherHands(directory)).toBe(`the directory ${directory} can be written by others (chmod go-w)`)
    },
  )

  test('is in other hands when one above it is: the whole of it can be replaced', () => {
    const directory = below('a', 'b', 'c')
    chmodSync(join(directory, '..', '..'), 0o775)
    expect(directoryInOtherHands(directory)).toBe(
      `the directory ${join(directory, '..', '..')} can be written by others (chmod go-w)`,
    )
  })

  test.runIf(isRoot)("is in other hands when it, or one above it, is another user's", () => {
    const directory = below('a', 'b')
    chownSync(directory, STRANGER, STRANGER)
    expect(directoryInOtherHands(directory)).toBe(`the directory ${directory} belongs to another user`)
    chownSync(directory, 0, 0)
    chownSync(join(directory, '..'), STRANGER, STRANGER)
    expect(directoryInOtherHands(directory)).toBe(`the directory ${join(directory, '..')} belongs to another user`)
  })

  test('is looked at where links lead, absolute or relative, and so is what lies on that way', () => {
    const directory = below('home', 'real', 'cache')
    const home = join(directory, '..', '..')
    symlinkSync(join('real', 'cache'), join(home, 'relative'))
    symlinkSync(join(home, 'relative'), join(home, 'absolute'))
    symlinkSync(join('..', 'home', 'absolute'), join(home, 'around'))
    expect(directoryInOtherHands(join(home, 'around'))).toBeUndefined()
    chmodSync(join(home, 'real'), 0o777)
    expect(directoryInOtherHands(join(home, 'around'))).toBe(
      `the directory ${join(home, 'real')} can be written by others (chmod go-w)`,
    )
  })

  test('behind a circle of links is not found for ever', () => {
    const home = below('home')
    symlinkSync('b', join(home, 'a'))
    symlinkSync('a', join(home, 'b'))
    expect(directoryInOtherHands(join(home, 'a'))).toBe(`too many links lead to ${join(home, 'a')}`)
  })

  test.runIf(isRoot)("behind another user's link in a sticky directory is in other hands", () => {
    const sticky = below('tmp')
    const mine = below('mine')
    chmodSync(sticky, 0o1777)
    symlinkSync(mine, join(sticky, 'link'))
    expect(directoryInOtherHands(join(sticky, 'link'))).toBeUndefined()
    lchownSync(join(sticky, 'link'), STRANGER, STRANGER)
    expect(directoryInOtherHands(join(sticky, 'link'))).toBe(`the link ${join(sticky, 'link')} belongs to another user`)
  })
})

describe.runIf(process.geteuid !== undefined)('a database', () => {
  const names = ['', '-journal', '-wal', '-shm']

  test('that is not there, or is read by others only, is in no other hands', () => {
    const file = join(temporaryDirectory(), 'db')
    expect(databaseInOtherHands(file)).toBeUndefined()
    for (const name of names) writeFileSync(file + name, '', { mode: 0o644 })
    expect(databaseInOtherHands(file)).toBeUndefined()
  })

  test.each(names)('is in other hands when others can write db%s', (name) => {
    const file = join(temporaryDirectory(), 'db')
    writeFileSync(file + name, '')
    chmodSync(file + name, 0o620)
    expect(databaseInOtherHands(file)).toBe(`${file}${name} can be written by others`)
  })

  test.runIf(isRoot).each(names)("is in other hands when db%s is another user's, be it a link", (name) => {
    const file = join(temporaryDirectory(), 'db')
    symlinkSync('/dev/null', file + name)
    lchownSync(file + name, STRANGER, STRANGER)
    expect(databaseInOtherHands(file)).toBe(`${file}${name} belongs to another user`)
  })
})
