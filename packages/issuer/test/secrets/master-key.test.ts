import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { loadSecrets } from '../../src/secrets/master-key.ts'

test('a key that is there is read and nothing is made, wherever it lies; a new one is made only where nobody else could replace it', () => {
  const directory = mkdtempSync(join(tmpdir(), 'master-key-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'master.key')
  writeFileSync(file, 'ab'.repeat(32), { mode: 0o600 })
  // As a secret's mount that a group may change, or that is read-only.
  chmodSync(directory, 0o770)
  const sealed = loadSecrets({ file, create: true }, 'named').seal('session', 'text', 'context')
  expect(loadSecrets({ file }, 'named').open('session', sealed, 'context')).toBe('text')
  expect(() => loadSecrets({ file: join(directory, 'other.key'), create: true }, 'named')).toThrow(/replaced by others/)
  expect(readdirSync(directory)).toEqual(['master.key'])
})
