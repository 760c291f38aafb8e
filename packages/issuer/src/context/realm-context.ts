import type { Clock } from '@scitokens/core'
import type { AuditSink } from '../audit/audit.ts'
import type { Logger } from '@scitokens/core/internal'
import type { Secrets } from '../secrets/secrets.ts'
import type { Store } from '../store/store.ts'

/** Durations and limits of an issuer, checked. In seconds unless named otherwise. */
export interface RealmTimes {
  readonly backdate: number
  readonly maxLifetime: number
  readonly codeSeconds: number
  readonly deviceCodeSeconds: number
  readonly deviceIntervalSeconds: number
  readonly idTokenSeconds: number
  readonly sessionSeconds: number
  readonly loginSeconds: number
  readonly pageSeconds: number
  readonly wrongCodeSeconds: number
  readonly metadataMaxAgeSeconds: number
  readonly jwksMaxAgeSeconds: number
}

/** Places of an issuer, absolute URLs. */
export interface Endpoints {
  readonly token: string
  readonly authorization: string
  readonly device: string
  readonly deviceVerification: string
  readonly jwks: string
  readonly revocation: string
  readonly introspection: string
  readonly registration: string
  readonly userinfo: string
  /** The page where people see what they granted. */
  readonly applications: string
}

/** What every part of an issuer may use: who it is, where it keeps things, and what time it is. No key, no client and no policy. */
export interface RealmContext {
  /** The issuer's URL, as it stands in tokens. In the store it is the name of the realm. */
  readonly issuer: string
  readonly endpoints: Endpoints
  readonly store: Store
  readonly secrets: Secrets
  readonly clock: Clock
  readonly audit: AuditSink
  readonly logger: Logger
  readonly times: RealmTimes
}
