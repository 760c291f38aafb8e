import { given, callable, type OptionReaders, readOptions } from '@scitokens/core/internal'
import type { AuditEvent } from './audit.ts'
import { type BrokenLine, readAuditFiles } from './audit-files.ts'
import { type AuditQuery, auditMatcher } from './audit-query.ts'

/** How audit files are read. */
export interface SearchOptions {
  /** Told of each line that is no event. Default: they are left out. */
  readonly onBroken?: (broken: BrokenLine) => void
}

const READERS: OptionReaders<SearchOptions> = { onBroken: callable<NonNullable<SearchOptions['onBroken']>>() }

/**
 * Looks through audit files (of several instances, where there are), oldest event first, with the files that each was rotated into.
 * Throws `invalid_request` for a query or a file that cannot be read.
 *
 * @param paths - of the files being written now; what they were rotated into is found beside them.
 */
export async function* searchAudit(
  paths: readonly string[],
  query: AuditQuery,
  options: SearchOptions = {},
): AsyncGenerator<AuditEvent> {
  const { onBroken = () => {} } = readOptions(options, READERS)
  const matches = auditMatcher(query)
  // A chain may have begun before the time that is asked for.
  const since = query.derivedFrom === undefined ? query.since : undefined
  for await (const event of inOrder(paths.map((path) => readAuditFiles(path, onBroken, given({ since }))))) {
    if (matches(event)) yield event
  }
}

/** Merges sources that are in order each. */
async function* inOrder(sources: readonly AsyncGenerator<AuditEvent>[]): AsyncGenerator<AuditEvent> {
  const heads = await Promise.all(sources.map(async (source) => ({ source, head: await source.next() })))
  for (;;) {
    const open = heads.filter(({ head }) => !head.done)
    const first = open.reduce<(typeof open)[number] | undefined>(
      (best, one) => (best && best.head.value!.time <= one.head.value!.time ? best : one),
      undefined,
    )
    if (!first) return
    yield first.head.value as AuditEvent
    // oxlint-disable-next-line no-await-in-loop -- the next event is needed before anything else
    first.head = await first.source.next()
  }
}
