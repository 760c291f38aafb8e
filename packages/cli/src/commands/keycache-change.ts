import type { KeyCache, UpdateResult } from '@scitokens/keycache'
import type { Invocation } from '../command.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { readJsonFile } from '../files.ts'
import {
  cacheFile,
  type CacheOptions,
  checkKept,
  openForReading,
  type ReachOptions,
  withKeyCache,
} from '../key-cache-options.ts'

type Changing<T = object> = Invocation<CacheOptions & ReachOptions & T>

/** `keycache add`. An issuer that failed a moment ago is not asked again: a loop in a shell must not storm it. */
export async function add(invocation: Changing<{ jwks?: string }>, issuer: string): Promise<ExitCode> {
  const { context, output, options } = invocation
  const jwks = options.jwks === undefined ? undefined : readJsonFile(options.jwks, context.stdinFd)
  return withKeyCache(invocation, [issuer], async (cache) => {
    if (jwks === undefined)
      await output.progress(`asking ${issuer} for keys`, cache.load(issuer, { signal: context.signal }))
    else await cache.add(issuer, { jwks })
    checkKept(cache)
    const { kids, expiresAt } = (await cache.list()).find((known) => known.issuer === issuer)!
    output.result({ ok: true, issuer, kids, expiresAt }, () => `${issuer}: ${countKeys(kids.length)}`)
    return EXIT.yes
  })
}

/** `keycache remove`. */
export async function remove(invocation: Changing, issuers: readonly string[]): Promise<ExitCode> {
  const { output } = invocation
  if ((await openAndClose(invocation)) === undefined) {
    output.result({ ok: false, removed: [], unknown: issuers }, () => 'there is no key cache')
    return EXIT.no
  }
  return withKeyCache(invocation, [], async (cache) => {
    const was = await Promise.all(issuers.map((issuer) => cache.remove(issuer)))
    const removed = issuers.filter((_, index) => was[index])
    const unknown = issuers.filter((issuer) => !removed.includes(issuer))
    output.result({ ok: unknown.length === 0, removed, unknown }, () =>
      [
        ...removed.map((issuer) => `${issuer}: removed`),
        ...unknown.map((issuer) => `${issuer}: not in the cache`),
      ].join('\n'),
    )
    return unknown.length === 0 ? EXIT.yes : EXIT.no
  })
}

/** `keycache update`. */
export async function update(invocation: Changing<{ force?: boolean }>, issuers: readonly string[]): Promise<ExitCode> {
  const { output, options } = invocation
  const stored = issuers.length > 0 ? issuers : ((await openAndClose(invocation)) ?? [])
  return withKeyCache(invocation, issuers, async (cache) => {
    const refused = issuers.length > 0 ? [] : await trustAll(cache, stored)
    const work = cache.updateAll({ force: options.force ?? false })
    const results = [...(await output.progress('asking issuers for keys', work)), ...refused]
    if (results.some(({ error }) => error === undefined)) checkKept(cache)
    const failed = results.filter(({ error }) => error !== undefined)
    const documents = results.map(({ issuer, error }) => ({
      issuer,
      ok: error === undefined,
      ...(error === undefined ? {} : { error: { code: error.code, message: error.message } }),
    }))
    output.result({ ok: failed.length === 0, issuers: documents }, () =>
      results.map(({ issuer, error }) => `${issuer}: ${error === undefined ? 'up to date' : error.message}`).join('\n'),
    )
    return failed.length === 0 ? EXIT.yes : EXIT.undecided
  })
}

/** Issuers in a file are not options: one that may not be contacted is told, and the others are updated. */
async function trustAll(cache: KeyCache, issuers: readonly string[]): Promise<UpdateResult[]> {
  const refused: UpdateResult[] = []
  for (const issuer of issuers) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- no I/O is done
      await cache.add(issuer)
    } catch (error) {
      refused.push({ issuer, error: error as NonNullable<UpdateResult['error']> })
    }
  }
  return refused
}

/** The issuers in the file; undefined when there is no file. */
async function openAndClose(invocation: Changing): Promise<string[] | undefined> {
  const store = await openForReading(await cacheFile(invocation))
  if (store === undefined) return undefined
  const issuers = store.list().map(({ issuer }) => issuer)
  store.close()
  return issuers
}

function countKeys(count: number): string {
  return count === 1 ? '1 key' : `${count} keys`
}
