import { request } from 'node:https'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { KeyScheduleOptions } from '@scitokens/issuer'
import { expect, test } from 'vitest'
import { startVo, type Vo } from '../src/vo.ts'
import { REFRESH_INTERVAL_SECONDS, shortenRefreshInterval } from '../src/xrootd/key-cache.ts'
import { startXrootd, type Xrootd } from '../src/xrootd/server.ts'

const AUDIENCE = 'https://xrd.test'
const client = { id: 'rotation', secret: 'a-secret-of-the-interop-rig-only' }
/** What the ten minutes of libscitokens are shortened to, in seconds; the schedules below are shortened likewise. */
const REFRESH_INTERVAL = 4

/** What became of requests with fresh tokens while the keys rotated. */
interface Observation {
  readonly statuses: readonly number[]
  /** Keys that signed, in order. */
  readonly kids: readonly string[]
  /** What became of a token of each key that was kept back and shown at the end for the first time. */
  readonly late: readonly number[]
}

/** Asks XRootD for a file with a new token each time, for so many seconds, while it refreshes its keys at an interval. */
async function rotateUnderLoad(keys: KeyScheduleOptions, seconds: number, interval: number): Promise<Observation> {
  const scopes = { clientId: client.id, clientSecret: client.secret, scopes: ['read:/'], audiences: [AUDIENCE] }
  const vo = await startVo([scopes], { keys, maintenanceIntervalMs: 200 })
  let xrootd: Xrootd | undefined
  try {
    const issuers = [{ issuer: vo.issuer, basePath: '/' }]
    xrootd = await startXrootd({ dir: vo.dir, authority: vo.authority, issuers, audience: AUDIENCE })
    writeFileSync(join(xrootd.dataDir, 'a.txt'), 'hello\n')
    const statuses: number[] = []
    const kids = new Set<string>()
    const kept: string[] = []
    const end = performance.now() + seconds * 1000
    while (performance.now() < end) {
      // oxlint-disable no-await-in-loop -- one request after the other, as a job would
      const token = await vo.token(client)
      const header = JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()) as { kid: string }
      if (!kids.has(header.kid)) kept.push(await vo.token(client))
      kids.add(header.kid)
      statuses.push(await get(`${xrootd.https}/a.txt`, token, vo))
      shortenRefreshInterval(xrootd, interval)
      await sleep(100)
      // oxlint-enable no-await-in-loop
    }
    const late: number[] = []
    // oxlint-disable-next-line no-await-in-loop -- one request after the other
    for (const token of kept) late.push(await get(`${xrootd.https}/a.txt`, token, vo))
    return { statuses, kids: [...kids], late }
  } finally {
    await xrootd?.stop()
    await vo.stop()
  }
}

function get(url: string, token: string, vo: Vo): Promise<number> {
  return new Promise((resolve, reject) => {
    // With a capital letter: XRootD's header2cgi compares the name of the header to the letter.
    const headers = { Authorization: `Bearer ${token}` }
    const call = request(url, { ca: readFileSync(vo.authority.certificate), headers, agent: false }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0))
    })
    call.on('error', reject).end()
  })
}

test('a key that is published ahead of the cache of XRootD rotates without one refusal', async () => {
  const schedule = { publishAheadSeconds: 2 * REFRESH_INTERVAL, signingSeconds: 9, retainSeconds: 30 }
  const { statuses, kids, late } = await rotateUnderLoad(schedule, 24, REFRESH_INTERVAL)
  expect(kids.length).toBeGreaterThanOrEqual(2)
  expect(statuses.filter((status) => status !== 200)).toEqual([])
  // Tokens of keys that sign no more are as good as ever until they expire.
  expect(late).toEqual(kids.map(() => 200))
})

test('a key that signs before XRootD has asked again is refused: the observation can fail', async () => {
  const schedule = { publishAheadSeconds: 1, signingSeconds: 4, retainSeconds: 30 }
  const { statuses, kids } = await rotateUnderLoad(schedule, 8, REFRESH_INTERVAL_SECONDS)
  expect(kids.length).toBeGreaterThanOrEqual(2)
  expect(statuses[0]).toBe(200)
  expect(statuses.at(-1)).toBe(403)
})
