// The picture of the SciTokens overview, running: see the README.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Job, type JobResult, runJob } from './queue.ts'
import { startStorage } from './storage.ts'
import { startSubmitHost } from './submit-host.ts'
import { startIssuer } from './vo.ts'

/** Seconds that an access token lives here. */
const LIFETIME = 15

const directory = mkdtempSync(join(tmpdir(), 'vo-workflow-'))
const problems: string[] = []

/** Says what happens, and remembers what should not have. */
function tell(what: string, right = true): void {
  console.log(`${right ? '  ' : '! '}${what}`)
  if (!right) problems.push(what)
}

async function story(): Promise<void> {
  const issuer = await startIssuer(LIFETIME)
  const storage = await startStorage({
    directory,
    issuer: issuer.url,
    log: ({ method, path, subject, allowed, reason }) =>
      tell(`storage: ${subject ?? 'somebody'} ${method} ${path} ${allowed ? 'allowed by' : 'refused:'} ${reason}`),
  })
  const host = await startSubmitHost(directory, issuer.url)
  try {
    console.log(`issuer   ${issuer.url}\nstorage  ${storage.url}\n`)
    for (const user of ['ana', 'ben']) {
      // oxlint-disable-next-line no-await-in-loop -- one person after the other
      await host.login(user)
      tell(`${user} has logged in; the token manager keeps the refresh token`)
    }
    const spool = mkdtempSync(join(directory, 'spool-'))
    const results = await Promise.all(jobs(storage.url).map((job) => runJob(job, { socket: host.socket, spool })))
    judge(results)
    searchForRefreshTokens(spool)
  } finally {
    await host.close()
    await storage.close()
    await issuer.close()
  }
}

function jobs(storage: string): Job[] {
  const input = '/input/strain.dat'
  const job = (name: string, user: string, output: string): Job => ({
    name,
    user,
    scopes: ['read:/input', `write:/output/${user}`],
    args: [storage, input, output],
  })
  return [
    job('ana-1', 'ana', '/output/ana/sum'),
    job('ben-1', 'ben', '/output/ben/sum'),
    job('ana-thief', 'ana', '/output/ben/stolen'),
  ]
}

function judge(results: readonly JobResult[]): void {
  console.log()
  for (const { job, status, output } of results) {
    const should = job.name === 'ana-thief' ? 1 : 0
    tell(`job ${job.name}: ${output.trim().replaceAll('\n', ', ')}`, status === should)
    tell(`job ${job.name} outlived its first token`, output.includes('has expired'))
  }
  const files = join(directory, 'storage', 'output')
  for (const user of ['ana', 'ben']) {
    tell(
      `/output/${user} holds ${readdirSync(join(files, user)).join(', ')}`,
      String(readdirSync(join(files, user))) === 'sum',
    )
    tell(
      `${user}'s sum is ${readFileSync(join(files, user, 'sum'), 'utf8').trim()}`,
      readFileSync(join(files, user, 'sum'), 'utf8') === '41\n',
    )
  }
}

/** Nothing that a job sees holds a refresh token, and at rest it is encrypted. */
function searchForRefreshTokens(spool: string): void {
  const refreshToken = /\brt\.[\w-]{20,}/
  for (const place of [spool, join(directory, 'token-manager')]) {
    const files = readdirSync(place, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    const found = files.filter((entry) => refreshToken.test(readFileSync(join(entry.parentPath, entry.name), 'latin1')))
    tell(
      `${files.length} files searched for refresh tokens, ${found.length} found`,
      files.length > 0 && found.length === 0,
    )
  }
}

try {
  await story()
} catch (error) {
  tell(`the story broke off: ${error instanceof Error ? error.message : 'unknown failure'}`, false)
} finally {
  rmSync(directory, { recursive: true, force: true })
}
console.log(
  problems.length === 0 ? '\nAll as it should be.' : `\n${problems.length} things were not as they should be.`,
)
process.exitCode = problems.length === 0 ? 0 : 1
