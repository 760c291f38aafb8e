import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { setAside, setDatabaseAside } from '../../src/files/index.ts'
import { temporaryDirectory } from '../fixture.ts'

test('a database goes aside with its journals, and can still be looked at', () => {
  const file = join(temporaryDirectory(), 'db')
  for (const name of ['', '-journal', '-wal']) writeFileSync(file + name, `content${name}`)
  writeFileSync(`${file}2`, '')
  const aside = setDatabaseAside(file)
  expect(dirname(aside)).toBe(dirname(file))
  const name = basename(aside)
  expect(readdirSync(dirname(file)).toSorted()).toEqual(['db2', name, `${name}-journal`, `${name}-wal`].toSorted())
  expect(readFileSync(`${aside}-journal`, 'utf8')).toBe('content-journal')
})

test('a directory goes aside with what is in it, and nothing beside it', () => {
  const directory = join(temporaryDirectory(), 'scitokens')
  mkdirSync(directory)
  writeFileSync(join(directory, 'file'), 'content')
  writeFileSync(`${directory}-journal`, '')
  const aside = setAside(directory)
  expect(readFileSync(join(aside, 'file'), 'utf8')).toBe('content')
  expect(readdirSync(dirname(directory)).toSorted()).toEqual([basename(aside), 'scitokens-journal'].toSorted())
})

test('two names never meet, and what another process has set aside already is no error', () => {
  const file = join(temporaryDirectory(), 'db')
  expect(new Set([setAside(file), setAside(file), setDatabaseAside(file)]).size).toBe(3)
})
