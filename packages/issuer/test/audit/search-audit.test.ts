import { appendFile, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type AuditEvent, type AuditQuery, followAudit, type FollowOptions, searchAudit } from '@scitokens/issuer'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { auditMatcher } from '../../src/audit/audit-query.ts'
import { APP, basic, loginByCode, SECRET, startIssuerForPeople } from '../support/harness.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'issuer-audit-'))
})
afterAll(() => rm(root, { recursive: true }))

const issuer = 'https://vo.example'
const text = (events: readonly AuditEvent[]): string => events.map((event) => `${JSON.stringify(event)}\n`).join('')
const issued = (time: number, jti: string, more: Partial<AuditEvent> = {}): AuditEvent => ({
  time,
  event: 'token_issued',
  issuer,
  client: 'portal',
  subject: 'ana',
  jti,
  scope: 'read:/store',
  audience: ['https://se.example'],
  ...more,
})

/** A directory with an audit file that was rotated in four ways; event n happened at n. */
async function rotated(): Promise<string> {
  const dir = await mkdtemp(join(root, 'rotated-'))
  const file = join(dir, 'audit.jsonl')
  const one = (n: number): string => text([issued(n, `t${n}`)])
  await writeFile(`${file}-20261101.gz`, gzipSync(one(1)))
  await writeFile(`${file}.2.gz`, gzipSync(one(2)))
  await writeFile(`${file}.2026-11-03T10:00:00Z`, one(3))
  await writeFile(`${file}.1`, one(4))
  await writeFile(file, one(5))
  // Neighbours that are no parts of it.
  await writeFile(`${file}.swp`, one(9))
  await writeFile(join(dir, 'audit.jsonl-other'), one(9))
  await writeFile(join(dir, 'other-audit.jsonl.1'), one(9))
  return file
}

async function collect(events: AsyncIterable<AuditEvent>): Promise<AuditEvent[]> {
  const all: AuditEvent[] = []
  for await (const event of events) all.push(event)
  return all
}

const search = async (files: string | readonly string[], query: AuditQuery = {}): Promise<AuditEvent[]> =>
  collect(searchAudit([files].flat(), query))
const jtis = async (files: string | readonly string[], query: AuditQuery = {}): Promise<unknown[]> =>
  (await search(files, query)).map(({ jti }) => jti)

describe('a search', () => {
  test('reads the files that the audit was rotated into, compressed ones too, oldest first', async () => {
    expect(await jtis(await rotated())).toEqual(['t1', 't2', 't3', 't4', 't5'])
  })

  test('by time does not miss what lies in the file before', async () => {
    const file = await rotated()
    await appendFile(`${file}.1`, text([issued(4.5, 'late')]))
    expect(await jtis(file, { since: 4.2 })).toEqual(['late', 't5'])
    expect(await jtis(file, { since: 2, until: 4 })).toEqual(['t2', 't3'])
  })

  test('over the files of several instances tells events in order', async () => {
    const dir = await mkdtemp(join(root, 'two-'))
    const [a, b] = [join(dir, 'a.jsonl'), join(dir, 'b.jsonl')]
    await writeFile(a, text([issued(1, 'a1'), issued(4, 'a4')]))
    await writeFile(b, text([issued(2, 'b2'), issued(3, 'b3'), issued(5, 'b5')]))
    expect(await jtis([a, b])).toEqual(['a1', 'b2', 'b3', 'a4', 'b5'])
  })

  test('leaves out torn lines and names them', async () => {
    const file = join(await mkdtemp(join(root, 'torn-')), 'audit.jsonl')
    await writeFile(file, `${text([issued(1, 'a')])}{"time":2,"event":"token_iss\n${text([issued(3, 'b')])}`)
    const broken: unknown[] = []
    const found = await collect(searchAudit([file], {}, { onBroken: (line) => broken.push(line) }))
    expect(found.map(({ jti }) => jti)).toEqual(['a', 'b'])
    expect(broken).toEqual([{ file, line: 2 }])
  })

  test('says so where there is no file, or one that is no archive', async () => {
    await expect(search(join(root, 'none.jsonl'))).rejects.toThrow(/^there is no audit file .*none\.jsonl$/)
    const file = join(await mkdtemp(join(root, 'bad-')), 'audit.jsonl')
    await writeFile(`${file}.1.gz`, 'no archive')
    await expect(search(file)).rejects.toThrow(/audit\.jsonl\.1\.gz cannot be read/)
  })

  const EVENTS: readonly AuditEvent[] = [
    issued(1, 'login', { family: 'f1', grant: 'authorization_code', address: '192.0.2.1' }),
    issued(2, 'robot', {
      client: 'robot',
      subject: 'robot',
      scope: 'write:/store/new',
      audience: ['https://other.example'],
    }),
    { time: 3, event: 'token_refused', issuer, client: 'robot', error: 'invalid_scope' },
    issued(4, 'refreshed', { family: 'f1', grant: 'refresh_token' }),
    issued(5, 'exchanged', { client: 'mover', parent: 'refreshed', scope: 'storage.modify:/store/ana' }),
    issued(6, 'again', { client: 'mover', parent: 'exchanged', family: 'f2', scope: 'openid' }),
    issued(7, 'later', { client: 'mover', parent: 'again', family: 'f2' }),
    { time: 8, event: 'token_revoked', issuer, jti: 'exchanged' },
    { time: 9, event: 'login', issuer, subject: 'ana' },
  ]

  test.each<[string, AuditQuery, number[]]>([
    ['jti', { jti: 'exchanged' }, [5, 8]],
    ['parent', { parent: 'refreshed' }, [5]],
    ['family', { family: 'f1' }, [1, 4]],
    ['what was derived from a login, over refreshes and exchanges', { derivedFrom: 'login' }, [1, 4, 5, 6, 7, 8]],
    ['what was derived from one exchange', { derivedFrom: 'exchanged' }, [5, 6, 7, 8]],
    ['what was derived, by another condition', { derivedFrom: 'login', since: 6 }, [6, 7, 8]],
    ['client', { client: 'robot' }, [2, 3]],
    ['subject', { subject: 'ana', events: ['login'] }, [9]],
    ['audience', { audience: 'https://other.example' }, [2]],
    ['address', { address: '192.0.2.1' }, [1]],
    ['grant', { grant: 'refresh_token' }, [4]],
    ['outcome', { outcome: 'refused' }, [3]],
    ['neither outcome', { outcome: 'other' }, [8, 9]],
    ['error', { error: 'invalid_scope' }, [3]],
    ['a path that a token covered, whatever for', { allows: '/store/ana/run7', client: 'mover' }, [5, 7]],
    ['an operation that a token covered', { allows: 'storage.create:/store/ana/x' }, [5]],
    ['an operation by whole components', { allows: 'write:/store/newest' }, []],
    ['another issuer', { issuer: 'https://b.example' }, []],
  ])('finds events by %s', async (_, query, times) => {
    const file = join(await mkdtemp(join(root, 'query-')), 'audit.jsonl')
    await writeFile(file, text(EVENTS))
    expect((await search(file, query)).map(({ time }) => time)).toEqual(times)
  })

  test('finds a certificate by its fingerprint as tools write it, by its serial number, and by its name', () => {
    const shown = { certificate: 'ab'.repeat(32), certificateDn: '/CN=Ana', certificateSerial: '0af3' }
    const event: AuditEvent = { time: 1, event: 'token_refused', issuer: 'x', ...shown }
    const colons = 'AB:'.repeat(32).slice(0, -1)
    for (const certificate of [shown.certificate, colons, '0AF3', 'AF:3', '/CN=Ana']) {
      expect(auditMatcher({ certificate })(event), certificate).toBe(true)
    }
    for (const certificate of ['ab', 'f3', '/CN=Ben', '/CN=ana', '']) {
      expect(auditMatcher({ certificate })(event), certificate).toBe(false)
    }
    expect(auditMatcher({ certificate: '0af3' })({ time: 1, event: 'login', issuer: 'x' })).toBe(false)
  })

  test.each(['/..', 'write:/..', ''])('refuses %j, which is no path and no scope', async (allows) => {
    await expect(search(await rotated(), { allows })).rejects.toMatchObject({ code: 'invalid_request' })
  })

  test('finds by one login all that really came of it', async () => {
    const exchange = 'urn:ietf:params:oauth:grant-type:token-exchange'
    const app = { ...APP, exchange: { refresh: true } }
    const harness = await startIssuerForPeople({ clients: [app] })
    const other = await loginByCode(harness, { scope: 'read:/store' }, { subject: 'bob' })
    const first = await loginByCode(harness, { scope: 'read:/store offline_access' })
    const as = basic('app', SECRET)
    const refreshed = await harness.token(
      { grant_type: 'refresh_token', refresh_token: first.body['refresh_token'] as string },
      as,
    )
    const token = refreshed.body['access_token'] as string
    const subject = { subject_token: token, subject_token_type: 'urn:ietf:params:oauth:token-type:access_token' }
    const exchanged = await harness.token({ grant_type: exchange, ...subject, scope: 'read:/store/a' }, as)
    const ids = await Promise.all(
      [other, first, refreshed, exchanged].map(
        async ({ body }) => (await harness.claims(body['access_token'] as string))['jti'],
      ),
    )
    const file = join(await mkdtemp(join(root, 'real-')), 'audit.jsonl')
    await writeFile(file, text(harness.audit.events))
    expect(await jtis(file, { derivedFrom: ids[1] as string, outcome: 'issued' })).toEqual(ids.slice(1))
    expect(await jtis(file, { allows: 'read:/store/b', subject: 'ana' })).toEqual([ids[1], ids[2]])
  })
})

describe('following', () => {
  /** Collects what is followed; `until` resolves once so many events came. */
  function follow(
    file: string,
    query: AuditQuery = {},
    options: FollowOptions = {},
  ): { seen: unknown[]; until: (count: number) => Promise<void> } {
    const ending = new AbortController()
    const seen: unknown[] = []
    const done = (async () => {
      for await (const { jti } of followAudit(file, query, ending.signal, options)) seen.push(jti)
    })()
    onTestFinished(async () => {
      ending.abort()
      await done
    })
    return { seen, until: (count) => expect.poll(() => seen.length, { timeout: 60_000, interval: 20 }).toBe(count) }
  }

  /** Until the follower has looked at the file, what is appended may count as old: this is seen or not, and then it has looked. */
  async function ready(file: string, until: () => number): Promise<number> {
    await expect
      .poll(
        async () => {
          await appendFile(file, text([issued(0, 'ready')]))
          return until()
        },
        { timeout: 60_000, interval: 250 },
      )
      .toBeGreaterThan(0)
    return until()
  }

  test('shows what is written from now on, over a rotation, and loses nothing', async () => {
    const file = join(await mkdtemp(join(root, 'tail-')), 'audit.jsonl')
    await writeFile(file, text([issued(1, 'old')]))
    const { seen } = follow(file)
    await ready(file, () => seen.length)
    await appendFile(file, text([issued(2, 'before')]))
    await rename(file, `${file}.1`)
    await appendFile(`${file}.1`, text([issued(3, 'still')]))
    await writeFile(file, text([issued(4, 'after')]))
    await expect
      .poll(() => seen.filter((jti) => jti !== 'ready'), { timeout: 60_000 })
      .toEqual(['before', 'still', 'after'])
    // Cut and written anew.
    await truncate(file, 0)
    await appendFile(file, '{"time":5,"event":"token_issued","issuer":"i","jti":"ha')
    await appendFile(file, 'lf"}\n')
    await expect.poll(() => seen.at(-1), { timeout: 60_000 }).toBe('half')
    expect(seen).not.toContain('old')
  })

  test('waits for a file that is not there yet, and shows only what is looked for', async () => {
    const file = join(await mkdtemp(join(root, 'wait-')), 'audit.jsonl')
    const { seen, until } = follow(file, { client: 'robot' })
    await writeFile(file, text([issued(1, 'a'), issued(2, 'b', { client: 'robot' })]))
    await until(1)
    expect(seen).toEqual(['b'])
  })

  test('with what was before, begins in the rotated files and misses nothing that follows', async () => {
    const file = await rotated()
    const { seen, until } = follow(file, { derivedFrom: 't1' }, { withHistory: true })
    await appendFile(file, text([issued(6, 't6', { parent: 't1' }), issued(7, 't7', { parent: 't6' })]))
    await until(3)
    expect(seen).toEqual(['t1', 't6', 't7'])
  })
})
