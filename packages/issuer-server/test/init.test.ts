import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { initIssuer } from '../src/init.ts'
import { temporaryDirectory } from './served.ts'

test('an option that nobody knows is refused before anything is written', async () => {
  const directory = join(await temporaryDirectory(), 'vo')
  const options = { issuer: 'https://vo.example', operationPort: 5 }
  await expect(initIssuer(directory, options)).rejects.toThrow('did you mean operationsPort?')
  expect(existsSync(directory)).toBe(false)
})
