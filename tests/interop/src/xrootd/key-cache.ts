import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import type { Xrootd } from './server.ts'

/** How long libscitokens trusts its copy before it asks the issuer again, in seconds. It cannot be configured. */
export const REFRESH_INTERVAL_SECONDS = 600

/**
 * Makes libscitokens' ten minutes pass faster: wherever its cache file says "next update in ten minutes", the time is brought
 * forward so that only `seconds` have to pass. libscitokens reads the file at every token.
 */
export function shortenRefreshInterval(xrootd: Pick<Xrootd, 'cacheHome'>, seconds: number): void {
  const file = join(xrootd.cacheHome, 'scitokens', 'scitokens_cpp.sqllite')
  if (!existsSync(file)) return
  const database = new DatabaseSync(file)
  try {
    database.exec('PRAGMA busy_timeout = 2000')
    const rows = database.prepare('SELECT issuer, keys FROM keycache').all() as { issuer: string; keys: string }[]
    for (const { issuer, keys } of rows) {
      const entry = JSON.parse(keys) as { next_update: number }
      const remaining = entry.next_update - Math.floor(Date.now() / 1000)
      if (remaining <= seconds) continue
      // Both processes may write; whoever fetched in between has another text and is left for the next round.
      const shortened = JSON.stringify({
        ...entry,
        next_update: entry.next_update - (REFRESH_INTERVAL_SECONDS - seconds),
      })
      database.prepare('UPDATE keycache SET keys = ? WHERE issuer = ? AND keys = ?').run(shortened, issuer, keys)
    }
  } finally {
    database.close()
  }
}
