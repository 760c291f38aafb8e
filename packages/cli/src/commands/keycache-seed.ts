import { existsSync } from 'node:fs'
import { InvalidRequestError } from '@scitokens/core'
import type { CopyOptions, KeyStore } from '@scitokens/keycache'
import type { Invocation } from '../command.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { cacheFile, type CacheOptions, openForReading, orUndecided } from '../key-cache-options.ts'

interface SeedOptions extends CacheOptions {
  readonly from?: string
  readonly to?: string
}

/** `keycache seed`. */
export async function seed(invocation: Invocation<SeedOptions>, issuers: readonly string[]): Promise<ExitCode> {
  const { context, output, options } = invocation
  if ((options.from === undefined) === (options.to === undefined)) {
    throw new InvalidRequestError('invalid_request', 'say where keys come from with --from, or where they go with --to')
  }
  const { copyKeys } = await import('@scitokens/keycache')
  const { from, to } =
    options.from === undefined ? await openExport(invocation) : await openImport(invocation, options.from)
  const copying: CopyOptions = {
    clock: context.clock,
    replace: options.from === undefined ? 'older' : 'unusable',
    ...(issuers.length === 0 ? {} : { issuers }),
  }
  const results = await copyKeys(from, to, copying).finally(() => {
    from.close()
    to.close()
  })
  const left = results.filter(({ copied }) => !copied)
  output.result({ copied: results.filter(({ copied }) => copied).map(({ issuer }) => issuer), left }, () =>
    results.map(({ issuer, why }) => `${issuer}: ${why === undefined ? 'copied' : `left, ${why}`}`).join('\n'),
  )
  // Named issuers were asked for; of all, it is enough to take what is there.
  return issuers.length > 0 && left.length > 0 ? EXIT.no : EXIT.yes
}

interface Stores {
  readonly from: KeyStore
  readonly to: KeyStore
}

async function openImport(invocation: Invocation<SeedOptions>, cppFile: string): Promise<Stores> {
  const { CppStore, SqliteStore } = await import('@scitokens/keycache')
  if (!existsSync(cppFile)) throw new InvalidRequestError('invalid_request', `${cppFile} does not exist`)
  const from = await orUndecided(cppFile, () => CppStore.open(cppFile, { readOnly: true }))
  const file = await cacheFile(invocation)
  return { from, to: await orUndecided(file, () => SqliteStore.open(file, warning(invocation))) }
}

async function openExport(invocation: Invocation<SeedOptions>): Promise<Stores> {
  const { CppStore, MemoryStore } = await import('@scitokens/keycache')
  const cppFile = invocation.options.to!
  const from = (await openForReading(await cacheFile(invocation))) ?? new MemoryStore()
  return { from, to: await orUndecided(cppFile, () => CppStore.open(cppFile, warning(invocation))) }
}

function warning({ output }: Invocation<SeedOptions>): { readonly warn: (message: string) => void } {
  return { warn: (message) => output.warn(message) }
}
