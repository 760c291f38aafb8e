// What a key costs: from memory, on the first ten thousand requests, and from a file with a thousand issuers.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CACHE_FILE, KeyCache, SqliteStore } from '../src/index.ts'
import { newKey, startBenchIssuer } from './issuer.ts'
import { median, table } from './table.ts'

const ISSUERS = 1000

/** Nanoseconds per answer with keys in memory: the middle of twenty rounds. */
async function costOfHit(): Promise<number> {
  const issuer = await startBenchIssuer()
  const cache = new KeyCache({ issuers: [issuer.issuer], store: 'memory', dangerouslyAllowLoopbackHttp: true })
  const expected = await cache.load(issuer.issuer)
  const hint = { kid: 'first' }
  const rounds: number[] = []
  for (let round = 0; round < 20; round++) {
    const started = process.hrtime.bigint()
    let right = 0
    for (let call = 0; call < 200_000; call++) if (cache.getKeySet(issuer.issuer, hint) === expected) right++
    rounds.push(Number(process.hrtime.bigint() - started) / 200_000)
    if (right !== 200_000) throw new Error('a hit gave something else')
  }
  await cache.close()
  await issuer.close()
  return median(rounds)
}

/** Requests that ten thousand callers at once cause, and milliseconds until the last has his answer. */
async function firstCallers(): Promise<{ metadata: number; jwks: number; ms: number }> {
  const issuer = await startBenchIssuer()
  const cache = new KeyCache({ issuers: [issuer.issuer], store: 'memory', dangerouslyAllowLoopbackHttp: true })
  const started = performance.now()
  await Promise.all(Array.from({ length: 10_000 }, async () => cache.getKeySet(issuer.issuer, { kid: 'first' })))
  const ms = performance.now() - started
  await cache.close()
  await issuer.close()
  return { ...issuer.count, ms }
}

/** Milliseconds from nothing to the first key out of a file with a thousand issuers, each time in a fresh process. */
async function openings(): Promise<number[]> {
  const directory = mkdtempSync(join(tmpdir(), 'keycache-bench-'))
  const store = SqliteStore.open(join(directory, CACHE_FILE))
  const now = Date.now() / 1000
  const key = await newKey('first')
  for (let index = 0; index < ISSUERS; index++) {
    const issuer = `https://issuer-${index}.example`
    const source = { jwksUri: `${issuer}/jwks`, etag: undefined, lastModified: undefined }
    const ages = { fetchedAt: now, refreshAt: now + 3600, expiresAt: now + 345_600 }
    store.saveKeys({ issuer, jwks: { keys: [key] }, ...source, ...ages, attempt: 1 })
  }
  store.close()
  const program = join(import.meta.dirname, 'open-file.ts')
  const args = ['--conditions=@scitokens/source', '--no-warnings', program, directory, String(ISSUERS)]
  const times = Array.from({ length: 15 }, () => Number(execFileSync(process.execPath, args, { encoding: 'utf8' })))
  rmSync(directory, { recursive: true })
  return times
}

const hit = await costOfHit()
const first = await firstCallers()
const opening = await openings()
console.log(
  table(
    ['what', 'measured', 'goal'],
    [
      ['a hit: `getKeySet` of a fresh issuer', `${(hit / 1000).toFixed(3)} µs`, 'under 2 µs'],
      [
        '10 000 concurrent first callers',
        `${first.metadata} metadata and ${first.jwks} key set request, all answered after ${first.ms.toFixed(0)} ms`,
        '1 and 1',
      ],
      [
        `opening a file with ${ISSUERS} issuers and answering the first key, in a fresh process`,
        `${median(opening).toFixed(1)} ms (worst of ${opening.length}: ${Math.max(...opening).toFixed(1)} ms)`,
        'under 20 ms',
      ],
    ],
  ),
)
if (hit > 2000 || first.metadata !== 1 || first.jwks !== 1 || median(opening) > 20) process.exitCode = 1
