import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFile, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { openPeer } from '@scitokens/conformance'
import type { Jwk } from '@scitokens/core'
import { keep } from '../keep.ts'
import { requirePrograms, run } from '../programs.ts'

/** A token that is put to somebody else's verifier. */
export interface Question {
  readonly token: string
  readonly alg: string
  /** Of whoever signed it: the verifier believes in this key, so that a refusal is none of the key. */
  readonly key: Jwk
  readonly issuer: string
  /** What the verifier calls itself; null where it checks no audience. */
  readonly audience: string | null
}

/** Null where it takes the token, else why it does not. */
export type Answer = string | null

/** A verifier that is ready to be asked. */
export type Ask = (questions: readonly Question[]) => Promise<readonly Answer[]>

/** Verifiers that come together. */
export interface Verifiers {
  /** As `INTEROP_WITHOUT` names them. */
  readonly name: string
  readonly libraries: readonly string[]
  /** Fetches what is needed at the first use. */
  readonly open: () => Promise<{ ask(library: string): Ask; close?: () => Promise<void> }>
}

/** Versions are told here, so that a run next month tests the same. */
const PYTHON = {
  scitokens: '1.9.7',
  PyJWT: '2.15.1',
  'python-jose': '3.5.0',
  authlib: '1.9.10',
  joserfc: '1.8.0',
}
const GO = {
  'github.com/golang-jwt/jwt/v5': 'v5.3.1',
  'github.com/lestrrat-go/jwx/v3': 'v3.4.0',
  'github.com/coreos/go-oidc/v3': 'v3.21.0',
}

/** Every verifier that can be had here. scitokens-go is no more on the module proxy; its driver is among the conformance peers. */
export const VERIFIERS: readonly Verifiers[] = [
  { name: 'cpp', libraries: ['libscitokens'], open: openLibscitokens },
  { name: 'python-jwt', libraries: ['scitokens', 'PyJWT', 'python-jose', 'authlib', 'joserfc'], open: openPython },
  { name: 'go-jwt', libraries: ['golang-jwt', 'jwx', 'go-oidc'], open: openGo },
  { name: 'java-jwt', libraries: ['nimbus-processor', 'nimbus-any-type', 'nimbus-by-hand'], open: openJava },
]

type Opened = Awaited<ReturnType<Verifiers['open']>>

/** libscitokens, by the same program as for the conformance cases. Without an audience it is asked nothing but the signature. */
async function openLibscitokens(): Promise<Opened> {
  const library = await openPeer('cpp')
  const judge = async ({ token, key, issuer, audience }: Question): Promise<Answer> => {
    const answer = await library
      .createVerifier({
        issuers: [issuer],
        ...(audience === null ? { audienceCheck: 'none' } : { audience: [audience] }),
        profiles: 'compat',
        clockTolerance: 0,
      })
      .ask({
        token,
        request: { op: 'test', authz: 'read', path: '/store/run7' },
        now: Date.now() / 1000,
        published: { [issuer]: { keys: [key] } },
      })
    if ('cannot' in answer) return answer.cannot
    // A program that dies has not refused anything.
    if ('ended' in answer) throw new Error(`libscitokens ended: ${answer.ended}`)
    return answer.outcome === 'allow' ? null : `${answer.outcome}: ${answer.message ?? ''}`
  }
  return {
    ask: () => async (questions) => {
      const answers: Answer[] = []
      // oxlint-disable-next-line no-await-in-loop -- one program answers
      for (const question of questions) answers.push(await judge(question))
      return answers
    },
    close: async () => library.close?.(),
  }
}

async function openPython(): Promise<Opened> {
  requirePrograms({ python3: 'python3-venv' })
  const packages = Object.entries(PYTHON).map(([name, version]) => `${name}==${version}`)
  const directory = await keep(await nameOf('verifiers-python', packages), async (unfinished) => {
    await execute('python3', ['-m', 'venv', unfinished])
    await execute(join(unfinished, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', ...packages, 'cryptography'])
  })
  return program(join(directory, 'bin', 'python'), [source('verify.py')])
}

/** Needs Go 1.21 or newer, which fetches the toolchain that the libraries ask for. */
async function openGo(): Promise<Opened> {
  requirePrograms({ go: 'golang-go' })
  const modules = Object.entries(GO).map(([name, version]) => `${name}@${version}`)
  const directory = await keep(await nameOf('verifiers-go', modules, 'verify.go'), async (unfinished) => {
    await copyFile(source('verify.go'), join(unfinished, 'main.go'))
    const go = (...args: string[]): Promise<unknown> => execute('go', args, { cwd: unfinished })
    await go('mod', 'init', 'verify')
    await go('get', ...modules)
    await go('mod', 'tidy')
    await go('build', '-o', 'verify', '.')
  })
  return program(join(directory, 'verify'), [])
}

async function openJava(): Promise<Opened> {
  requirePrograms({ mvn: 'maven', javac: 'default-jdk-headless', java: 'default-jdk-headless' })
  const directory = await keep(await nameOf('verifiers-java', [], 'pom.xml', 'Verify.java'), async (unfinished) => {
    await copyFile(source('pom.xml'), join(unfinished, 'pom.xml'))
    await execute('mvn', ['-B', '-q', 'dependency:copy-dependencies', '-DoutputDirectory=lib'], { cwd: unfinished })
    await mkdir(join(unfinished, 'classes'))
    const compile = ['-cp', join(unfinished, 'lib', '*'), '-d', join(unfinished, 'classes'), source('Verify.java')]
    await execute('javac', compile)
  })
  return program('java', ['-cp', `${join(directory, 'classes')}:${join(directory, 'lib', '*')}`, 'Verify'])
}

/** A program that reads a list of questions and writes a list of answers. */
function program(command: string, args: readonly string[]): Opened {
  return {
    ask: (library) => async (questions) => {
      const input = JSON.stringify(questions.map((question) => ({ library, ...question })))
      const { code, stdout, stderr } = await run(command, args, { input })
      if (code !== 0) throw new Error(`${command} failed: ${stderr.trim()}`)
      return JSON.parse(stdout) as Answer[]
    },
  }
}

const execute = promisify(execFile)

function source(name: string): string {
  return join(import.meta.dirname, name)
}

/** A name that changes with versions and sources. */
async function nameOf(name: string, versions: readonly string[], ...sources: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(versions.join())
  // oxlint-disable-next-line no-await-in-loop -- one or two small files, in order
  for (const file of sources) hash.update(await readFile(source(file)))
  return `${name}-${hash.digest('hex').slice(0, 12)}`
}
