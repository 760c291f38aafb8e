import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError, UndecidedError } from '@scitokens/core'
import type { KeyCache, KeyCacheOptions, KeyStore } from '@scitokens/keycache'
import type { Command } from 'commander'
import type { Invocation } from './command.ts'
import { configuredKeyCache, openKeyCache } from './configured-key-cache.ts'
import { collect } from './option-parsers.ts'

/** Where the cache is. */
export interface CacheOptions {
  readonly cacheDir?: string
}

/** How issuers are reached. */
export interface ReachOptions {
  readonly ca?: readonly string[]
  readonly dangerouslyAllowLoopbackHttp?: boolean
}

/** Adds the options of {@link CacheOptions}. */
export function withCacheOptions(command: Command): Command {
  return command.option('--cache-dir <dir>', 'directory of the cache file (default: $XDG_CACHE_HOME/scitokens)')
}

/** Adds the options of {@link ReachOptions}. */
export function withReachOptions(command: Command): Command {
  return command
    .option('--ca <path>', 'CA file, or hashed directory as /etc/grid-security/certificates; repeatable', collect)
    .option('--dangerously-allow-loopback-http', 'accept issuers at http:// on this machine: for tests')
}

/** Opens the cache to change it. */
export async function withKeyCache<T>(
  invocation: Invocation<CacheOptions & ReachOptions>,
  issuers: readonly string[],
  work: (cache: KeyCache) => Promise<T> | T,
  more: Partial<KeyCacheOptions> = {},
): Promise<T> {
  const cache = await openKeyCache(invocation, issuers, more)
  try {
    return await work(cache)
  } finally {
    await cache.close()
  }
}

/** Work that only counts when it reached the file: memory ends with this process. Throws `undecided`. */
export function checkKept(cache: KeyCache): void {
  const { location, problem } = cache.status().store
  if (problem !== undefined)
    throw new UndecidedError('undecided', `nothing was kept: ${location} cannot be used: ${problem}`)
}

/** The cache file. */
export async function cacheFile({ context, options }: Invocation<CacheOptions>): Promise<string> {
  const { CACHE_FILE } = await import('@scitokens/keycache')
  return join(options.cacheDir ?? (await configuredKeyCache(context)).cacheDir, CACHE_FILE)
}

/** Opens the cache file only to look, without making or changing it; undefined when there is none. Throws `undecided`. */
export async function openForReading(file: string): Promise<KeyStore | undefined> {
  const { SqliteStore } = await import('@scitokens/keycache')
  return existsSync(file) ? orUndecided(file, () => SqliteStore.open(file, { readOnly: true })) : undefined
}

/** How long another process is waited for that has locked the file, in milliseconds. */
const WAIT_MS = 5000

/** A file that is damaged, of another program or of another user, or held by another process for long, says neither yes nor no. */
export async function orUndecided<T>(file: string, open: () => T): Promise<T> {
  const { DatabaseTurns } = await import('@scitokens/host/files')
  try {
    return await new DatabaseTurns(WAIT_MS).run(open)
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new UndecidedError('undecided', `the key cache ${file} cannot be used: ${why}`, { cause })
  }
}
