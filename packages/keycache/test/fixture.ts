import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { KeyCache, type KeyCacheEvent, type KeyCacheOptions } from '../src/index.ts'
import { type IssuerServer, startIssuer } from './issuer-server.ts'

/** A directory that is gone when the test is over. */
export function temporaryDirectory(): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'keycache-')))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** An issuer that is gone when the test is over. */
export async function issuerForTest(options?: Parameters<typeof startIssuer>[0]): Promise<IssuerServer> {
  const server = await startIssuer(options)
  onTestFinished(() => server[Symbol.asyncDispose]())
  return server
}

/** A cache that is closed when the test is over, in memory unless told otherwise. */
export function cacheForTest(
  server: Pick<IssuerServer, 'issuer'>,
  options: Partial<KeyCacheOptions> = {},
): KeyCache & { events: KeyCacheEvent[] } {
  const events: KeyCacheEvent[] = []
  const cache = new KeyCache({
    issuers: [server.issuer],
    ...(options.cacheDir === undefined ? { store: 'memory' as const } : {}),
    dangerouslyAllowLoopbackHttp: true,
    onEvent: (event) => events.push(event),
    ...options,
  })
  onTestFinished(() => cache.close())
  return Object.assign(cache, { events })
}

/** Waits until something is so, looking often. */
export async function until(what: () => boolean, ms = 10_000): Promise<void> {
  const giveUpAt = performance.now() + ms
  while (!what()) {
    if (performance.now() > giveUpAt) throw new Error(`it did not become so: ${what.toString()}`)
    // oxlint-disable-next-line no-await-in-loop -- waiting is the point
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
