import { execFile } from '@scitokens-tests/programs/processes'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'

test('whoever reads the memory finds no token that could be used: of those that are remembered no signature is kept', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'scitokens-heap-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const file = join(directory, 'left.heapsnapshot')
  const program = join(import.meta.dirname, '..', 'programs', 'heap-snapshot.ts')
  const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=@scitokens/source', program, file])
  const [held, ...remembered] = stdout.trim().split('\n') as [string, ...string[]]
  const snapshot = readFileSync(file, 'latin1')
  const signatureOf = (token: string): string => token.slice(token.lastIndexOf('.') + 1)
  // The snapshot shows what is held: a token that is held on purpose, and the claims of the one that is remembered.
  for (const text of [held, signatureOf(held), 'jti-of-the-good-one']) expect(snapshot.includes(text)).toBe(true)
  expect(remembered).toHaveLength(3)
  for (const token of remembered) {
    expect(snapshot.includes(token)).toBe(false)
    expect(snapshot.includes(signatureOf(token))).toBe(false)
  }
}, 180_000)
