import type { AuditSink } from '../audit/audit.ts'
import type { Clock } from '@scitokens/core'
import type { Logger } from '@scitokens/core/internal'

/** What an issuer writes to, beside its database. */
export interface Sinks {
  readonly logger: Logger
  readonly clock?: Clock
  /** Looks at each event on its way to the audit. */
  readonly count?: (sink: AuditSink) => AuditSink
}
