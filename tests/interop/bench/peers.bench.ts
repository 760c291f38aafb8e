// Verify and enforce beside the other libraries: libscitokens (Debian), Python scitokens (PyPI) and this project, each in a process of
// its own, the same tokens and keys, in alternating rounds, so that a slow moment meets all of them. `npm run bench -- peers`.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { defaultCacheDirectory, preparePython } from '@scitokens/conformance'
import { type Jwks, SigningKey, signToken } from '@scitokens/core'
import { requirePrograms } from '../src/programs.ts'
import { Contestant } from './contestant.ts'

const ROUNDS = Number(process.argv[2] ?? 21)
const ISSUER = 'https://vo.example.org'
const SERVER = 'https://storage.example.org'
const TOKENS = 20
/** The enforcer's benchmark drives the library with the same program. */
const LIBSCITOKENS_DRIVER = join(import.meta.dirname, '../../../packages/enforcer/bench/libscitokens.cpp')

/** What a program is told first, and then a number of times to go through all tokens, again and again. */
interface Task {
  readonly jwks: Jwks
  readonly tokens: readonly string[]
}

async function makeTask(algorithm: 'ES256' | 'RS256'): Promise<Task> {
  const signer = await SigningKey.generate(algorithm, { kid: 'key-1' })
  const sign = (n: number): Promise<string> =>
    signToken({
      signer,
      profile: 'scitoken:2.0',
      lifetime: 3600,
      // The peers tolerate no difference of clocks.
      clock: () => Date.now() / 1000 - 60,
      claims: { iss: ISSUER, sub: `user-${n}`, aud: SERVER, scope: `read:/store write:/store/user/user-${n}` },
    })
  return {
    jwks: { keys: [signer.publicJwk] },
    tokens: await Promise.all(Array.from({ length: TOKENS }, (_, n) => sign(n))),
  }
}

/** libscitokens finds keys in its own cache file, so that nothing is fetched. */
function fillKeyCache(home: string, jwks: Jwks): void {
  mkdirSync(join(home, 'scitokens'), { recursive: true })
  const database = new DatabaseSync(join(home, 'scitokens', 'scitokens_cpp.sqllite'))
  database.exec('CREATE TABLE keycache (issuer text UNIQUE PRIMARY KEY NOT NULL, keys text NOT NULL)')
  const later = Math.floor(Date.now() / 1000) + 3600
  const keys = JSON.stringify({ jwks, expires: later, next_update: later })
  database.prepare('INSERT INTO keycache VALUES (?, ?)').run(ISSUER, keys)
  database.close()
}

async function contestants(directory: string, { jwks, tokens }: Task): Promise<readonly Contestant[]> {
  const source = (name: string): string => join(import.meta.dirname, name)
  const cpp = join(directory, 'libscitokens')
  execFileSync('g++', ['-O2', '-o', cpp, LIBSCITOKENS_DRIVER, '-lSciTokens'])
  fillKeyCache(directory, jwks)
  const python = await preparePython(defaultCacheDirectory())
  const node = [process.execPath, '--conditions=@scitokens/source', source('ours.ts')] as const
  const env = { XDG_CACHE_HOME: directory }
  const task = [ISSUER, SERVER, JSON.stringify(jwks), ...tokens, '']
  const debian = execFileSync('dpkg-query', ['-W', '-f', '${Version}', 'libscitokens-dev'], { encoding: 'utf8' })
  return [
    await Contestant.start('this project: `Enforcer.decide`, no cache', [...node, 'fresh'], {
      env,
      task,
      times: 10,
    }),
    await Contestant.start('this project, a token seen before', [...node, 'seen'], { env, task, times: 200 }),
    await Contestant.start(`libscitokens ${debian.split('-')[0]}: deserialize, \`enforcer_test\``, [cpp], {
      env,
      task,
      times: 1,
    }),
    await Contestant.start('Python scitokens: `deserialize`, `Enforcer.test`', [python, source('python.py')], {
      env,
      task,
      times: 2,
    }),
  ]
}

async function compare(algorithm: 'ES256' | 'RS256'): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'scitokens-peers-'))
  const all = await contestants(directory, await makeTask(algorithm))
  try {
    for (let round = 0; round <= ROUNDS; round++) {
      for (const contestant of round % 2 === 0 ? all : all.toReversed()) {
        // oxlint-disable-next-line no-await-in-loop -- one at a time has the machine
        const spent = await contestant.round()
        if (round > 0) contestant.rounds.push(spent) // the first one warms up
      }
    }
  } finally {
    for (const contestant of all) contestant.stop()
    rmSync(directory, { recursive: true })
  }
  // Ratios are of rounds that stood side by side, to the first line.
  const [first] = all
  console.log(`\n| ${algorithm}, one token after the other | processor time, µs | ratio | elapsed time, µs |`)
  console.log('| --- | --- | --- | --- |')
  for (const { name, rounds } of all) {
    const [processor, wall] = [
      median(rounds.map((spent) => spent.processor)),
      median(rounds.map((spent) => spent.wall)),
    ]
    const ratio = median(rounds.map((spent, round) => spent.processor / first!.rounds[round]!.processor))
    console.log(`| ${name} | ${processor.toFixed(1)} | ${ratio.toFixed(2)} | ${wall.toFixed(1)} |`)
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}

requirePrograms({ 'g++': 'g++ libscitokens-dev', python3: 'python3-venv' })
await compare('ES256')
await compare('RS256')
console.log('\nscitokens-go is not measured: the Go module proxy does not hand it out.')
