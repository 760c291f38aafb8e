import { needs } from '@scitokens-tests/programs'
import { execFile } from '@scitokens-tests/programs/processes'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const main = join(import.meta.dirname, '../src/main.ts')

test('the whole story: jobs read, outlive their tokens and write; a thief is refused; no job sees a refresh token', {
  timeout: 180_000,
  ...needs('getent'),
}, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=@scitokens/source', main])
  expect(stdout).toContain('All as it should be.')
  expect(stdout).toMatch(/storage: ana PUT \/output\/ana\/sum allowed by write:\/output\/ana/)
  expect(stdout).toMatch(/PUT \/output\/ben\/stolen refused/)
  expect(stdout).toMatch(/job ana-thief: .*PUT \/output\/ben\/stolen: 403/)
  for (const name of ['ana-1', 'ben-1']) expect(stdout).toContain(`job ${name} outlived its first token`)
})
