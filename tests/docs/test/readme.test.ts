import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { pages, root, sessionsOf } from './fences.ts'
import { runFile } from './program.ts'
import { isAsShown } from './shown-output.ts'

const sessions = pages.filter(({ path }) => path === 'README.md').flatMap(sessionsOf)

test('the README shows the two commands', () => {
  expect(sessions.map(({ command }) => command)).toEqual(['npm start', 'npm test'])
})

test('what the README shows of npm start is what it prints', async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'docs-'))
  const shown = sessions.find(({ command }) => command === 'npm start')?.output ?? ''
  const program = runFile(join(root, 'examples', 'first-token', 'src', 'main.ts'), cwd, 0)
  try {
    await program.until(() => isAsShown(shown, program.stdout()))
    if (!isAsShown(shown, program.stdout())) expect(program.all()).toBe(shown)
  } finally {
    await program.stop()
    rmSync(cwd, { recursive: true })
  }
})
