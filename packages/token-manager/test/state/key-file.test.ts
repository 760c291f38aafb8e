import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { loadKeyFile } from '../../src/state/key-file.ts'

test('a key is read where it was made, and not once others can make files beside it, be the directory sticky', () => {
  const directory = mkdtempSync(join(tmpdir(), 'key-file-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const place = join(directory, 'keys')
  mkdirSync(place, { mode: 0o700 })
  const file = join(place, 'key')
  const key = loadKeyFile(file)
  expect(loadKeyFile(file)).toEqual(key)
  for (const mode of [0o1777, 0o777, 0o770]) {
    chmodSync(place, mode)
    expect(() => loadKeyFile(file)).toThrow(/replaced by others/)
  }
})
