import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { joinKeyedToken, SigningKey, signBaseToken } from '@scitokens/core'
import { createTestIssuer } from '@scitokens/core/testing'
import { expect, test } from 'vitest'
import { everyCommand, type RanHere, runHere } from './support/in-process.ts'
import { temporaryDirectory } from './support/scitokens.ts'
import { CLIENT_SECRET, freePort, startVo } from './support/vo.ts'

const commands = everyCommand()
const LOOPBACK = '--dangerously-allow-loopback-http'
/** Nobody listens there. */
const DEAD = 'http://127.0.0.1:1'

/** The answer of a command under `--json`: one document, or a line for each event of a command that serves. */
function documentsOf(stdout: string): Record<string, unknown>[] {
  try {
    return [JSON.parse(stdout) as Record<string, unknown>]
  } catch {
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  }
}

test.each(commands.map((command) => [command.path.join(' '), command] as const))(
  '%s: help has examples and exits 0; a wrong option is one JSON document with status 2',
  async (name, { examples, description }) => {
    const help = await runHere([...name.split(' '), '--help'])
    expect([help.status, help.stderr]).toEqual([0, ''])
    expect(help.stdout).toMatch(/^Usage: scitokens /)
    expect(help.stdout.replaceAll(/\s+/g, ' ')).toContain(description.replaceAll(/\s+/g, ' '))
    expect(help.stdout).toContain('\nExamples:\n')
    expect(examples.length).toBeGreaterThan(0)

    const wrong = await runHere([...name.split(' '), '--json', '--no-such-option'])
    expect([wrong.status, wrong.stderr]).toEqual([2, ''])
    expect(JSON.parse(wrong.stdout)).toMatchObject({
      ok: false,
      error: { code: 'invalid_request', message: expect.stringMatching(/--no-such-option|required|missing/) },
    })
  },
)

test('a secret on the command line is taken nowhere without the word that others can see it', () => {
  for (const { path, options, arguments: list } of commands) {
    const values = [
      ...options.filter(({ flags }) => /<(?:token|secret|password|key)>/.test(flags)),
      ...list.filter(({ name }) => /token|secret|password/.test(name)),
    ]
    for (const { description } of values) expect(description, path.join(' ')).toMatch(/safer|process list/)
  }
  // It looks at something.
  expect(commands.flatMap((command) => command.arguments).map(({ name }) => name)).toContain('token')
})

/** What every command is run with, and the status it must end with. */
type Runs = Record<string, readonly (readonly [status: number, ...args: string[]])[]>

async function tokenRuns(directory: string): Promise<Runs> {
  const file = (name: string, content: string | object): string => {
    const path = join(directory, name)
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o600 })
    return path
  }
  const issuer = await createTestIssuer()
  const dead = await createTestIssuer({ issuer: DEAD })
  const [signer, own] = await Promise.all([SigningKey.generate(), SigningKey.generate()])
  const claims = { iss: issuer.issuer, sub: 'ana', aud: ['https://se.example'], scope: 'read:/store' }
  const base = joinKeyedToken(await signBaseToken({ signer, cwk: own.publicJwk, lifetime: 600, claims }), own)
  const key = join(directory, 'key.pem')
  expect((await runHere(['keygen', '--private', key])).status).toBe(0)
  const good = file('good', await issuer.sign({ aud: 'https://se.example', scope: 'read:/store' }))
  const trust = ['--issuer', issuer.issuer, '--jwks', file('jwks.json', issuer.jwks), '--token-file']
  const here = ['--audience', 'https://se.example']
  const unreachable = ['--issuer', DEAD, '--any-audience', '--cache-dir', join(directory, 'keys'), LOOPBACK]
  const fromDead = [...unreachable, '--token-file', file('dead', await dead.sign({ aud: 'x', scope: 'read:/' }))]
  /** Yes, no, usage, could not decide. */
  const four = (...before: string[]): Runs[string] => [
    [0, ...before, ...trust, good, ...here],
    [1, ...before, ...trust, good, '--audience', 'https://other.example'],
    [2, ...before, ...trust, join(directory, 'missing'), ...here],
    [3, ...before, ...fromDead],
  ]
  return {
    keygen: [
      [0, '--private', join(directory, 'another.pem')],
      [2, '--from', join(directory, 'missing')],
    ],
    create: [
      [0, '--key', key, '--issuer', 'https://vo.example', '--audience', 'x'],
      [2, '--key', join(directory, 'missing'), '--issuer', 'https://vo.example', '--audience', 'x'],
    ],
    decode: [
      [0, '--token-file', good],
      [1, '--token-file', file('garbage', 'a.b')],
      [2, '--token-file', join(directory, 'missing')],
    ],
    verify: four(),
    acls: four(),
    test: [...four('read', '/store'), [1, 'write', '/store', ...trust, good, ...here]],
    attenuate: [
      [0, '--parent-file', file('base', base), '--scope', 'read:/store/a'],
      [2, '--parent-file', file('base', base), '--scope', 'write:/'],
    ],
    discover: [
      [0, '--print'],
      [2, 'unexpected'],
    ],
    completion: [
      [0, 'fish'],
      [2, 'tcsh'],
    ],
    man: [[0]],
    'conformance run': [
      [0, join(import.meta.dirname, '../../conformance/cases/audience.json')],
      [2, join(directory, 'missing.json')],
    ],
  }
}

/** In this order: the login is made, used, and ended. */
async function loginRuns(directory: string): Promise<Runs> {
  const vo = await startVo()
  const secret = join(directory, 'secret')
  writeFileSync(secret, CLIENT_SECRET, { mode: 0o600 })
  const state = ['--state-dir', join(directory, 'state'), LOOPBACK]
  const client = ['--flow', 'client', '--client-id', 'robot', '--client-secret-file', secret, '--service', 'vo']
  return {
    login: [
      [2, 'vo.example', ...client, ...state],
      [3, DEAD, ...client, '--handle', 'dead', ...state],
      [0, vo.url, ...client, '--audience', 'x', ...state],
    ],
    token: [
      [0, 'vo', ...state],
      [1, 'vo', '--scope', 'write:/', ...state],
      [2, 'nowhere', ...state],
      [3, 'vo_dead', ...state],
    ],
    logins: [[0, ...state]],
    logout: [
      [0, 'vo', ...state],
      [2, 'vo', ...state],
    ],
  }
}

function keycacheRuns(directory: string): Runs {
  const empty = ['--cache-dir', join(directory, 'empty')]
  const troubled = ['--cache-dir', join(directory, 'troubled'), LOOPBACK]
  return {
    'keycache add': [
      [2, 'vo.example', ...empty],
      [3, DEAD, ...troubled],
    ],
    'keycache list': [[0, ...empty]],
    'keycache update': [
      [0, ...empty],
      [3, DEAD, ...troubled],
    ],
    'keycache status': [
      [0, ...empty],
      [1, '--cache-dir', join(directory, 'troubled')],
    ],
    'keycache remove': [[1, 'https://vo.example', ...empty]],
    'keycache seed': [[2, ...empty]],
  }
}

async function issuerRuns(directory: string): Promise<Runs> {
  const home = join(directory, 'vo')
  const url = `http://127.0.0.1:${await freePort()}`
  expect((await runHere(['issuer', 'init', home, '--issuer', url, LOOPBACK])).status).toBe(0)
  const file = join(home, 'issuer.yaml')
  const config = ['--config', file]
  const missing = ['--config', join(directory, 'missing.yaml')]
  const client = ['portal', ...config]
  return {
    'issuer init': [
      [0, join(directory, 'second'), '--issuer', 'https://vo.example'],
      [2, join(directory, 'third'), '--issuer', 'vo.example'],
    ],
    'issuer check': [
      [0, file],
      [2, join(directory, 'missing.yaml')],
    ],
    'issuer policy test': [
      [0, ...config, '--client', 'robot'],
      [2, ...missing, '--client', 'robot'],
    ],
    'issuer client add': [[0, ...client, '--scope', 'read:/store', '--grant', 'client_credentials']],
    'issuer client list': [
      [0, ...config],
      [2, ...missing],
    ],
    'issuer client show': [[0, ...client]],
    'issuer client update': [[0, ...client, '--name', 'The portal']],
    'issuer client secret': [[0, ...client]],
    'issuer client remove': [[0, ...client]],
    'issuer login list': [[0, ...config]],
    'issuer login end': [
      [0, ...config, '--subject', 'ana'],
      [2, ...config, '--family', 'none'],
    ],
    'issuer person suspend': [[0, 'ana', ...config]],
    'issuer person list': [[0, ...config]],
    'issuer person resume': [
      [0, 'ana', ...config],
      [2, 'ana', ...config],
    ],
    'issuer key list': [[0, ...config]],
    'issuer key prepare': [[0, ...config]],
    'issuer key rotate-now': [[0, ...config]],
    'issuer key rollback': [[2, ...config]],
    'issuer audit': [[2, ...missing]],
    'issuer backup': [[2, ...missing]],
  }
}

/** Commands that serve run until they are told to end; then they have succeeded. */
async function serveRuns(directory: string): Promise<Runs> {
  const credentials = join(directory, 'credentials')
  mkdirSync(credentials)
  const manager = ['--state-dir', join(directory, 'manager'), LOOPBACK]
  const home = join(directory, 'vo')
  const file = join(home, 'issuer.yaml')
  writeFileSync(file, readFileSync(file, 'utf8').replace('port: 9464', 'port: 0'))
  const cache = ['--cache-dir', join(directory, 'keys'), LOOPBACK]
  return {
    'token-manager serve': [[0, '--socket-dir', join(directory, 'run'), ...manager]],
    'token-manager credmon': [[0, '--directory', credentials, ...manager]],
    'issuer serve': [[0, file]],
    'authz-server': [[0, '--for', 'nginx', '--listen', '127.0.0.1:0', '--issuer', DEAD, '--audience', 'x', ...cache]],
    'demo serve': [[0, '--port', String(await freePort())]],
  }
}

function clientRuns(directory: string): Runs {
  const nobody = ['--socket-dir', join(directory, 'nobody')]
  const login = ['vo', '--issuer', 'https://vo.example', '--client-id', 'x']
  return {
    'token-manager enrol': [[3, ...login, ...nobody]],
    'token-manager request': [[3, 'vo', ...nobody]],
    'token-manager deliver': [[3, 'vo', '/tmp/file', ...nobody]],
    'token-manager forget': [[3, '/tmp/file', ...nobody]],
    'token-manager list': [[3, ...nobody]],
    'token-manager remove': [[3, 'vo', ...nobody]],
    'token-manager job-wrapper': [[0]],
    'demo token': [[3, '--url', DEAD]],
    'x509-token': [[2]],
  }
}

test('every command answers --json with JSON, and its exit status says the same as the document', async () => {
  const directory = temporaryDirectory()
  const runs = {
    ...(await tokenRuns(directory)),
    ...(await loginRuns(directory)),
    ...keycacheRuns(directory),
    ...(await issuerRuns(directory)),
    ...(await serveRuns(directory)),
    ...clientRuns(directory),
  }
  expect(Object.keys(runs).toSorted()).toEqual(commands.map(({ path }) => path.join(' ')).toSorted())
  const env = { BEARER_TOKEN: await (await createTestIssuer()).sign({ aud: 'x' }) }
  const wrong: string[] = []
  for (const [name, list] of Object.entries(runs)) {
    for (const [status, ...args] of list) {
      const serving = new AbortController()
      // A command that serves is told to end when it has said something.
      const onOutput = /serve|credmon|authz-server/.test(name) ? () => serving.abort() : undefined
      const words = [...name.split(' '), ...args, '--json']
      // oxlint-disable-next-line no-await-in-loop -- one after the other, as some build on others
      const ran = await runHere(words, { env, signal: serving.signal, ...(onOutput ? { onOutput } : {}) })
      const problems = problemsOf(ran, status)
      if (problems.length > 0) wrong.push([words.join(' '), ...problems, ran.stdout, ran.stderr].join('\n'))
    }
  }
  expect(wrong).toEqual([])
})

/** What is wrong with what a command left under `--json`. */
function problemsOf({ status, stdout }: RanHere, expected: number): string[] {
  const problems = status === expected ? [] : [`status ${status} instead of ${expected}`]
  if (stdout.includes('\u001B')) problems.push('a colour')
  let documents: Record<string, unknown>[]
  try {
    documents = documentsOf(stdout)
  } catch {
    return [...problems, 'no JSON']
  }
  for (const { ok, found } of documents) {
    if ((ok === false || found === false) !== (expected !== 0)) problems.push('the document and the status disagree')
  }
  if (expected > 1 && !/"code": "[a-z_]+"/.test(stdout)) problems.push('a failure without a code')
  return problems
}
