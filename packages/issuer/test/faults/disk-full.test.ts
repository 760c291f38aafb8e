import { needing } from '@scitokens-tests/programs'
import { execFile } from '@scitokens-tests/programs/processes'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect } from 'vitest'
import { FieldClient } from './field-client.ts'
import { ProcessIssuer } from './process-issuer.ts'

const { test } = needing('prlimit')

const run = promisify(execFile)
let folder: string
let issuer: ProcessIssuer
let client: FieldClient
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scitokens-full-'))
  issuer = await ProcessIssuer.create({
    storage: { file: join(folder, 'issuer.db') },
    audit: join(folder, 'audit.jsonl'),
  })
  client = new FieldClient(issuer.url)
})
afterEach(async () => {
  await issuer.kill()
  await rm(folder, { recursive: true, force: true })
})

/** No file of the process may grow beyond this: what a full disk does, for one process. */
async function limitFiles(bytes: number | 'unlimited'): Promise<void> {
  await run('prlimit', ['--pid', String(issuer.pid), `--fsize=${bytes}:`])
}

async function checkAudit(): Promise<void> {
  const issued = new Set((await issuer.auditLines()).map(({ jti }) => jti))
  expect([...client.received].filter((jti) => !issued.has(jti))).toEqual([])
}

test('the database finds no room: what must be written is put off, nothing is lost, and it goes on when there is room', async () => {
  await issuer.start()
  const tokens = await Promise.all(Array.from({ length: 10 }, () => client.family()))
  const code = await client.code()
  // A few more writes, until the log of the database reaches the end of the disk.
  await limitFiles((await stat(join(folder, 'issuer.db-wal'))).size + 30_000)
  const seen = new Set<number>()
  for (let round = 0; round < 30 && !seen.has(503); round++) {
    const answers = await Promise.all(tokens.map((token) => client.refresh(token)))
    for (const [index, answer] of answers.entries()) {
      seen.add(answer!.status)
      if (answer!.status === 200) tokens[index] = answer!.body['refresh_token'] as string
      else expect(answer).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } })
    }
  }
  expect([...seen]).toContain(503)
  expect((await client.token(code))?.status).toBe(503)
  expect((await fetch(`${issuer.url}/jwks`)).status).toBe(200)
  expect((await client.token({ grant_type: 'client_credentials' }))?.status).toBe(200)

  await limitFiles('unlimited')
  const after = await Promise.all(tokens.map((token) => client.refresh(token)))
  expect(after.map((answer) => answer?.status)).toEqual(tokens.map(() => 200))
  expect((await client.token(code))?.status).toBe(200)
  await issuer.kill()
  await issuer.start()
  const last = await Promise.all(after.map((answer) => client.refresh(answer!.body['refresh_token'] as string)))
  expect(last.map((answer) => answer?.status)).toEqual(tokens.map(() => 200))
  await checkAudit()
})

test('the audit file finds no room: no token leaves without its line, no line is torn, and it goes on when there is room', async () => {
  // So long that only this file can reach the limit.
  await writeFile(issuer.begin.audit, '\n'.repeat(2_000_000))
  await issuer.start()
  const family = await client.family()
  await limitFiles((await stat(issuer.begin.audit)).size + 1000)
  const statuses: number[] = []
  for (let round = 0; round < 6; round++) {
    const answer = await client.token({ grant_type: 'client_credentials' })
    statuses.push(answer!.status)
    if (answer!.status !== 200) expect(answer!.body).toMatchObject({ error: 'temporarily_unavailable' })
  }
  expect(statuses.slice(0, 2)).toEqual([200, 200])
  expect(statuses.slice(-2)).toEqual([503, 503])
  expect((await client.refresh(family))?.status).toBe(503)

  await limitFiles('unlimited')
  expect((await client.refresh(family))?.status).toBe(200)
  const all = await Promise.all(Array.from({ length: 10 }, () => client.token({ grant_type: 'client_credentials' })))
  expect(all.map((answer) => answer?.status)).toEqual(all.map(() => 200))
  await checkAudit()
})
