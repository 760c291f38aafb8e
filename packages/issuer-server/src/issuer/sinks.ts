import type { Logger } from '@scitokens/core/internal'
import type { Clock } from '@scitokens/core'
import type { AuditSink } from '@scitokens/issuer'

/** What an issuer writes to, beside its database. */
export interface Sinks {
  readonly logger: Logger
  readonly clock?: Clock
  /** Looks at each event on its way to the audit. */
  readonly count?: (sink: AuditSink) => AuditSink
}
