import { needs, programsIn } from '@scitokens-tests/programs'
import { spawnSync } from '@scitokens-tests/programs/processes'
import { globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Command, pages, root, sessionsOf, type Snippet, snippetsOf } from './fences.ts'
import { accepts, freePort, runCommand, runFile } from './program.ts'
import { isAsShown } from './shown-output.ts'

// Snippets lie inside the work tree, so that `import '@scitokens/…'` finds the packages.
let folder: string
const snippets = pages.flatMap(snippetsOf)
const fileOf = ({ name }: Snippet): string => join(folder, `${name.replaceAll(/[^a-z0-9]+/gi, '-')}.ts`)
beforeAll(() => {
  const temp = join(import.meta.dirname, '..', 'temp')
  mkdirSync(temp, { recursive: true })
  folder = mkdtempSync(join(temp, 'snippets-'))
  for (const snippet of snippets) writeFileSync(fileOf(snippet), snippet.program)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const PORT = /(?:(?:localhost|127\.0\.0\.1):|-port )(300\d)\b/g

let cwd: string
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'docs-'))
})
afterEach(() => {
  for (const file of globSync('**/*.pid', { cwd })) end(Number(readFileSync(join(cwd, file), 'utf8')))
  rmSync(cwd, { recursive: true, force: true })
})

/** Ends what a session started and, because a command of it failed, did not end. */
function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}

const needsOf = (session: readonly Command[]): ReturnType<typeof needs> =>
  needs(...session.flatMap(({ command }) => programsIn(command)))

/** Pages speak of ports from 3000 on; each stands for one that is free here. */
async function expectSession(commands: readonly Command[], port: number): Promise<void> {
  const ports = new Map([['3000', port]])
  for (const [, shown] of commands.flatMap(({ command }) => [...command.matchAll(PORT)])) {
    if (!ports.has(shown!)) ports.set(shown!, await freePort())
  }
  for (const { command, output } of commands) {
    const line = command.replaceAll(PORT, (text, shown: string) =>
      text.replace(shown, String(ports.get(shown))).replace('localhost', '127.0.0.1'),
    )
    const program = runCommand(line, cwd)
    await program.until(() => false)
    if (!isAsShown(output, program.all())) expect(program.all(), `$ ${command}`).toBe(output)
  }
}

test('every TypeScript block of the documentation passes the type check', () => {
  const config = {
    extends: join(root, 'tsconfig.base.json'),
    compilerOptions: { noEmit: true, composite: false, isolatedDeclarations: false, moduleDetection: 'force' },
    include: ['*.ts'],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  const { stdout } = spawnSync(join(root, 'node_modules', '.bin', 'tsc'), ['-p', folder], { encoding: 'utf8' })
  expect(stdout).toBe('')
})

describe.for(snippets)('the program at $name', (snippet) => {
  const { output, session } = snippet
  test('runs, and prints what is shown below it', needsOf(session ?? []), async () => {
    const port = await freePort()
    const program = runFile(fileOf(snippet), cwd, port)
    const isAsExpected = (): boolean => output === undefined || isAsShown(output, program.stdout())
    // A server is ready when it listens; it need not say so.
    const isUp = async (): Promise<boolean> => isAsExpected() && (session === undefined || (await accepts(port)))
    try {
      const state = await program.until(output === undefined ? () => accepts(port) : isUp)
      if (!isAsExpected()) expect(program.all()).toBe(output)
      if (state === 'ended')
        expect({ status: await program.stop(), output: program.all() }).toMatchObject({ status: 0 })
      if (session !== undefined) await expectSession(session, port)
    } finally {
      await program.stop()
    }
  })
})

describe.for(pages.filter((page) => sessionsOf(page).length > 0 && page.path !== 'README.md'))(
  'the console sessions of $path',
  (page) => {
    const session = sessionsOf(page)
    test('go as shown', { timeout: 600_000, ...needsOf(session) }, async () => {
      await expectSession(session, await freePort())
    })
  },
)

test('the README of each package shows a program or a session', () => {
  const readmes = pages.filter(({ path }) => path.startsWith('packages/'))
  const show = readmes.filter((page) => snippetsOf(page).length + sessionsOf(page).length > 0)
  expect(show.map(({ path }) => path).toSorted()).toEqual(
    readdirSync(join(root, 'packages'))
      .map((name) => join('packages', name, 'README.md'))
      .toSorted(),
  )
})
