import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'

test('what remembers a token holds neither the token nor its signature: nobody who reads the memory can use it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'scitokens-heap-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const file = join(directory, 'left.heapsnapshot')
  const program = join(import.meta.dirname, 'programs', 'heap-snapshot.ts')
  const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=@scitokens/source', program, file])
  const [good, bad, held] = stdout.trim().split('\n') as [string, string, string]
  const snapshot = readFileSync(file, 'latin1')
  const signature = (token: string): string => token.slice(token.lastIndexOf('.') + 1)
  // The snapshot shows what is held: a token that is held on purpose, and the claims of the one that is remembered.
  for (const text of [held, 'jti-of-the-good-one']) expect(snapshot.includes(text)).toBe(true)
  for (const token of [good, bad]) {
    expect(snapshot.includes(token)).toBe(false)
    expect(snapshot.includes(signature(token))).toBe(false)
  }
}, 180_000)
