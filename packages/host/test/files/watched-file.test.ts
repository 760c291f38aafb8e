import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WatchedFile, type WatchedFileOptions } from '@scitokens/host/files'
import { expect, onTestFinished, test } from 'vitest'

/** A file that holds a number, replaced as others do: by renaming. */
function watched(more: Partial<WatchedFileOptions<number>> = {}): {
  file: WatchedFile<number>
  replace: (text: string) => void
  remove: () => void
  reads: () => number
} {
  const directory = mkdtempSync(join(tmpdir(), 'watched-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const path = join(directory, 'number')
  let reads = 0
  const parse = (content: Buffer): number => {
    reads += 1
    if (!/^\d+$/.test(content.toString())) throw new Error('this is no number')
    return Number(content)
  }
  const replace = (text: string): void => {
    writeFileSync(join(directory, 'new'), text)
    renameSync(join(directory, 'new'), path)
  }
  return {
    file: new WatchedFile({ path, maxBytes: 10, parse, ...more }),
    replace,
    remove: () => rmSync(path),
    reads: () => reads,
  }
}

test('a file is read once, and at once when it is another one', async () => {
  const { file, replace, reads } = watched()
  replace('1')
  expect(await Promise.all([file.get(), file.get()])).toEqual([1, 1])
  expect(await file.get()).toBe(1)
  expect(reads()).toBe(1)
  replace('2')
  expect(await file.get()).toBe(2)
})

test('one that is gone, makes no sense or is too large throws each time, until it is mended', async () => {
  const { file, replace, remove, reads } = watched()
  await expect(file.get()).rejects.toThrow('ENOENT')
  replace('one')
  await expect(file.get()).rejects.toThrow('no number')
  await expect(file.get()).rejects.toThrow('no number')
  expect(reads()).toBe(1)
  replace('12345678901')
  await expect(file.get()).rejects.toThrow('over 10 bytes')
  replace('1')
  expect(await file.get()).toBe(1)
  remove()
  await expect(file.get()).rejects.toThrow('ENOENT')
})

test('with keepOld what was there before stays in force, which is said once', async () => {
  const lines: string[] = []
  const logger = { error: (_: object, message: string): void => void lines.push(message) }
  const { file, replace } = watched({ keepOld: { logger, message: 'the old one stays' } })
  replace('1')
  expect(await file.get()).toBe(1)
  replace('one')
  expect(await file.get()).toBe(1)
  expect(await file.get()).toBe(1)
  expect(lines).toEqual(['the old one stays'])
  replace('2')
  expect(await file.get()).toBe(2)
})
