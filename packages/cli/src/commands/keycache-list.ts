import type { IssuerStatus } from '@scitokens/keycache'
import type { Invocation } from '../command.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { cacheFile, type CacheOptions, openForReading } from '../key-cache-options.ts'
import { alignColumns, describeSpan } from '../table.ts'

/** `keycache list`. */
export async function list(invocation: Invocation<CacheOptions>): Promise<ExitCode> {
  const { output, context } = invocation
  const { file, issuers } = await readCache(invocation)
  output.result({ file, issuers }, () =>
    issuers.length === 0 ? `no keys in ${file}` : table(issuers, context.clock()),
  )
  return EXIT.yes
}

/** `keycache status`. */
export async function status(invocation: Invocation<CacheOptions>): Promise<ExitCode> {
  const { output } = invocation
  const { file, issuers } = await readCache(invocation)
  const unusable = issuers.filter(({ age }) => age === 'none' || age === 'expired')
  const failing = issuers.filter(({ trouble }) => trouble !== undefined)
  output.result({ ok: unusable.length === 0, file, issuers }, () =>
    [
      `file      ${file}`,
      `issuers   ${issuers.length}, ${unusable.length} of them without usable keys`,
      ...failing.map(({ issuer, trouble }) => `failing   ${issuer}: ${trouble!.message} (${trouble!.failures} times)`),
      ...unusable.map(({ issuer }) => `unusable  ${issuer}`),
    ].join('\n'),
  )
  return unusable.length === 0 ? EXIT.yes : EXIT.no
}

async function readCache(invocation: Invocation<CacheOptions>): Promise<{ file: string; issuers: IssuerStatus[] }> {
  const file = await cacheFile(invocation)
  const store = await openForReading(file)
  if (store === undefined) return { file, issuers: [] }
  const { KeyCache } = await import('@scitokens/keycache')
  const cache = new KeyCache({ issuers: [], store, clock: invocation.context.clock })
  try {
    return { file, issuers: await cache.list() }
  } finally {
    await cache.close()
  }
}

function table(issuers: readonly IssuerStatus[], now: number): string {
  const span = (time: number | undefined): string => (time === undefined ? '-' : describeSpan(Math.abs(time - now)))
  const rows = issuers.map(({ issuer, age, kids, fetchedAt, expiresAt, trouble }) => [
    issuer,
    age,
    String(kids.length),
    fetchedAt === undefined ? '-' : `${span(fetchedAt)} ago`,
    age === 'expired' ? 'no more' : expiresAt === undefined ? '-' : `for ${span(expiresAt)}`,
    trouble === undefined ? '' : `${trouble.message} (${span(trouble.failedAt)} ago)`,
  ])
  return alignColumns([['ISSUER', 'AGE', 'KEYS', 'FETCHED', 'USABLE', 'LAST FAILURE'], ...rows])
}
