import { execFile } from 'node:child_process'
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { defaultCacheDirectory, preparePython } from '@scitokens/conformance'
import type { JsonObject, ProfileName } from '@scitokens/core'
import { run } from '../programs.ts'

/** The JWT library that scitokens-go is built on, in its newest version that Debian's Go compiles. */
const JWX = 'github.com/lestrrat-go/jwx@v1.2.29'

/** A key pair as files, in the forms other libraries read. */
export interface KeyFiles {
  readonly alg: 'ES256' | 'RS256'
  readonly kid: string
  readonly privateKeyFile: string
  readonly publicKeyFile: string
}

/** What a token is made of. */
export interface Order {
  readonly key: KeyFiles
  readonly issuer: string
  readonly profile: ProfileName
  /** Without `iss`, times and version. */
  readonly claims: JsonObject
  /** Seconds. */
  readonly lifetime: number
}

/** Another library that makes tokens. */
export type Maker = (order: Order) => Promise<string>

const VERSION_CLAIMS: Readonly<Record<ProfileName, JsonObject>> = {
  'scitoken:1.0': {},
  'scitoken:2.0': { ver: 'scitoken:2.0' },
  'wlcg:1.x': { 'wlcg.ver': '1.0' },
  'at+jwt': {},
}

/** scitokens-cpp, compiled into `directory`. */
export async function cppMaker(directory: string): Promise<Maker> {
  const program = join(directory, 'make-token')
  await promisify(execFile)('g++', ['-O1', '-o', program, source('make-token.cpp'), '-lSciTokens'])
  return ({ key, issuer, profile, claims, lifetime }) => {
    const lines = [profile, key.alg, key.kid, key.publicKeyFile, key.privateKeyFile, issuer, String(lifetime)]
    for (const [name, value] of Object.entries(claims)) {
      lines.push(`${name}=${Array.isArray(value) ? `[${value.join(' ')}]` : text(value)}`)
    }
    return answer(program, [], lines.join('\n'), { XDG_CACHE_HOME: directory })
  }
}

/** The Python library, in the same environment as for the conformance cases. */
export async function pythonMaker(directory: string): Promise<Maker> {
  const python = await preparePython(defaultCacheDirectory())
  return ({ key, issuer, profile, claims, lifetime }) => {
    const { alg, kid, privateKeyFile } = key
    const order = { alg, kid, privateKeyFile, issuer, lifetime, claims: { ...claims, ...VERSION_CLAIMS[profile] } }
    return answer(python, [source('make-token.py')], JSON.stringify(order), { XDG_CACHE_HOME: directory })
  }
}

/** The JWT library below scitokens-go, compiled into `directory`. */
export async function goMaker(directory: string): Promise<Maker> {
  const work = join(directory, 'go')
  await mkdir(work)
  await copyFile(source('make-token.go'), join(work, 'main.go'))
  const go = (...args: string[]): Promise<unknown> => promisify(execFile)('go', args, { cwd: work })
  await go('mod', 'init', 'maker')
  await go('get', JWX)
  await go('mod', 'tidy')
  await go('build', '-o', 'maker', '.')
  return ({ key, issuer, profile, claims, lifetime }) => {
    const { alg, kid, privateKeyFile } = key
    const now = Math.floor(Date.now() / 1000)
    const times = { iss: issuer, iat: now, nbf: now, exp: now + lifetime }
    const order = { alg, kid, privateKeyFile, claims: { ...claims, ...times, ...VERSION_CLAIMS[profile] } }
    return answer(join(work, 'maker'), [], JSON.stringify(order), {})
  }
}

/** Writes a key pair for the makers. */
export async function writeKeys(
  directory: string,
  { alg, kid, privatePem, publicPem }: { alg: 'ES256' | 'RS256'; kid: string; privatePem: string; publicPem: string },
): Promise<KeyFiles> {
  const [privateKeyFile, publicKeyFile] = [join(directory, `${kid}.key`), join(directory, `${kid}.pub`)]
  await writeFile(privateKeyFile, privatePem, { mode: 0o600 })
  await writeFile(publicKeyFile, publicPem)
  return { alg, kid, privateKeyFile, publicKeyFile }
}

function text(value: unknown): string {
  if (typeof value === 'string') return value
  throw new Error('claims of scitokens-cpp are strings and lists of strings')
}

function source(name: string): string {
  return join(import.meta.dirname, name)
}

async function answer(
  program: string,
  args: readonly string[],
  input: string,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const { code, stdout, stderr } = await run(program, args, { input, env })
  if (code !== 0) throw new Error(`${program} made no token: ${stderr.trim()}`)
  return stdout.trim()
}
