import { needing, pathOf } from '@scitokens-tests/programs'
import { spawnSync } from '@scitokens-tests/programs/processes'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { searchAudit } from '@scitokens/issuer'
import { askToken, serve } from '../served.ts'

const { test } = needing('logrotate')

const EXAMPLE = join(import.meta.dirname, '../../../../deploy/logrotate/scitokens-issuer')

test('logrotate with the example of deploy/ moves the audit away, and a search reads all of it', async () => {
  const { served, url, dir } = await serve()
  const told = join(dir, 'told')
  const config = join(dir, 'logrotate.conf')
  const text = (await readFile(EXAMPLE, 'utf8'))
    .replace('/var/log/scitokens-issuer/audit.jsonl', join(dir, 'audit.jsonl'))
    .replace('systemctl reload scitokens-issuer.service', `touch ${told}`)
    // The tests run as whoever runs them.
    .replace(/^ *su .*\n/m, '')
    // Several times in one day.
    .replace('dateext', 'dateext\n    dateformat -%Y%m%d-%s')
  await writeFile(config, text, { mode: 0o600 })
  const rotate = async (time: number): Promise<void> => {
    const ran = spawnSync(pathOf('logrotate'), ['--force', '--state', join(dir, 'state'), config], { encoding: 'utf8' })
    expect([ran.status, ran.stderr]).toEqual([0, ''])
    expect(await stat(told)).toBeDefined()
    expect(await served.reload(), String(time)).toMatchObject({ ok: true })
  }
  const ids: unknown[] = []
  for (let time = 1; time <= 3; time++) {
    const answer = (await (await askToken(url)).json()) as { access_token: string }
    ids.push((JSON.parse(atob(answer.access_token.split('.')[1]!)) as { jti: string }).jti)
    await rotate(time)
    // Names differ by the second.
    await expect.poll(() => Math.floor(Date.now() / 1000), { timeout: 60_000 }).toBeGreaterThan(await newest(dir))
  }
  expect((await readdir(dir)).filter((name) => name.endsWith('.gz')).length).toBeGreaterThan(0)
  const found: unknown[] = []
  for await (const { jti } of searchAudit([join(dir, 'audit.jsonl')], { outcome: 'issued' })) found.push(jti)
  expect(found).toEqual(ids)
})

async function newest(dir: string): Promise<number> {
  const times = (await readdir(dir)).map((name) => Number(/-(\d{10})(?:\.gz)?$/.exec(name)?.[1] ?? 0))
  return Math.max(...times)
}
