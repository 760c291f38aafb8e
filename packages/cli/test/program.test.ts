import { expect, test } from 'vitest'
import { everyCommand } from './support/in-process.ts'
import { scitokens } from './support/scitokens.ts'

test('every command has --json, a description and examples that call it', () => {
  for (const command of everyCommand()) {
    const name = command.path.join(' ')
    expect(
      command.options.map(({ long }) => long),
      name,
    ).toContain('--json')
    expect(command.description.length, name).toBeGreaterThan(10)
    expect(
      command.examples.some(({ line }) => line.includes(`scitokens ${name}`)),
      name,
    ).toBe(true)
  }
})

test('the program without a command shows its help and says usage', async () => {
  const ran = await scitokens([])
  expect(ran.status).toBe(2)
  expect(ran.stderr).toMatch(/Usage: scitokens <command>/)
})

test('--help shows examples and exit statuses, and is a success', async () => {
  const [program, command] = await Promise.all([scitokens(['--help']), scitokens(['create', '--help'])])
  expect(program.status).toBe(0)
  expect(program.stdout).toMatch(/Exit status:/)
  expect(command.status).toBe(0)
  expect(command.stdout).toMatch(/Examples:/)
})

test.each([
  [['nonsense'], /unknown command/],
  [['decode', '--nonsense'], /unknown option/],
  [['decode', 'a', 'b'], /too many arguments/],
  [['create'], /required option/],
  [['completion', 'tcsh'], /Allowed choices are bash, zsh, fish/],
])('a wrong command line %j is one sentence and status 2', async (args, sentence) => {
  const ran = await scitokens(args)
  expect(ran.status).toBe(2)
  expect(ran.stdout).toBe('')
  expect(ran.stderr).toMatch(sentence)
  expect(ran.stderr.trim().split('\n')).toHaveLength(1)
})

test('with --json a failure is a document with a stable code', async () => {
  const ran = await scitokens(['decode', '--json', '--token-file', '/nonexistent/token'])
  expect(ran.status).toBe(2)
  expect(ran.json()).toMatchObject({
    ok: false,
    error: { code: 'invalid_request', message: '/nonexistent/token does not exist' },
  })
})

test('a token in a wrong place of the command line is not repeated in the message', async () => {
  const token = 'eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL2EifQ.c2lnbmF0dXJlLXNpZ25hdHVyZQ'
  for (const args of [[token], [`--tok=${token}`], ['keygen', `--alg=${token}`], ['decode', '--token-file', token]]) {
    // oxlint-disable-next-line no-await-in-loop -- one process at a time is enough
    const ran = await scitokens(args)
    expect(ran.status).toBe(2)
    expect(ran.stdout + ran.stderr).not.toContain('c2lnbmF0dXJl')
  }
})

test('host names, paths and versions in a message stay readable', async () => {
  const names = ['https://atlas-auth.web.cern.ch', '/store/raw.v1.2.3/run-0001.tar.gz', 'scitokens-cpp-1.1.2.x86_64']
  for (const name of names) {
    // oxlint-disable-next-line no-await-in-loop -- one process at a time is enough
    const ran = await scitokens(['decode', '--token-file', name])
    expect(ran.status).toBe(2)
    expect(ran.stderr).toContain(name)
  }
})

test('there is no colour where nobody looks', async () => {
  const ran = await scitokens(['decode', '--token-file', '/nonexistent/token'])
  expect(ran.stderr).not.toContain('\u001B')
})
