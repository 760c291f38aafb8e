import type { Client } from '../clients/client.ts'
import { OAuthError } from '../http/oauth-error.ts'
import { Parameters } from '../http/parameters.ts'
import type { JsonValue } from '@scitokens/core'
import {
  isGroupName,
  anything,
  listOf,
  type OptionReaders,
  type Reader,
  readOptions,
  text,
} from '@scitokens/core/internal'
import { grantAudience, identityAudience, requestedAudience } from '../policy/audience.ts'
import { tokenScope } from '../tokens/token-scope.ts'
import { decide, isIdentityAlone } from '../policy/decide.ts'
import type { Policy } from '../policy/policy.ts'
import type { Principal } from '../policy/principal.ts'
import { parseRequestedScopes } from '../policy/requested-scopes.ts'

/** "Who wants what", as an operator asks it. */
export interface PolicyQuery {
  /** The client that asks. */
  readonly clientId: string
  /** A person. Default: the client acts for itself. */
  readonly subject?: string
  /** Groups of the person. Default: none. */
  readonly groups?: readonly string[]
  /** What the upstream would say about the person. */
  readonly claims?: Readonly<Record<string, JsonValue>>
  /** Items of `scope`, separated by spaces. Default: nothing, so the default applies. */
  readonly scope?: string
  /** Servers that are asked for. Default: none by name. */
  readonly audience?: readonly string[]
}

/** A decision and how it came about. */
export interface PolicyExplanation {
  /** Whether a token would be given. */
  readonly allowed: boolean
  /** What a token would carry. Empty where it is refused. */
  readonly scope: string
  /** Groups that it would tell. */
  readonly groups: readonly string[]
  /** Whom it would be for. */
  readonly audience: readonly string[]
  /** OAuth code and sentence of the refusal. */
  readonly error?: string
  /** Why none would be given; undefined: one would. */
  readonly reason?: string
  /** One line per step, in order. */
  readonly steps: readonly string[]
}

/** What {@link explainPolicy} looks at: a realm has it, and so has a configuration that is not running. */
export interface PolicySubject {
  /** The issuer's URL. */
  readonly issuer: string
  /** Its policy, checked. */
  readonly policy: Policy
  /** Where the client is looked up. */
  readonly clients: { find(clientId: string): Promise<Client | undefined> }
}

const READERS: OptionReaders<PolicyQuery> = {
  clientId: text,
  subject: text,
  groups: listOf(text, { empty: true }),
  claims: anything as Reader<NonNullable<PolicyQuery['claims']>>,
  // Nothing in it means that nothing was asked for.
  scope: anything as Reader<string>,
  audience: listOf(text, { empty: true }),
}

/** Decides as the token endpoint would, without a token, and tells each step. */
export async function explainPolicy(realm: PolicySubject, asked: PolicyQuery): Promise<PolicyExplanation> {
  const query = readOptions(asked, READERS)
  const steps: string[] = []
  const refused = (error: string, reason: string): PolicyExplanation => ({
    allowed: false,
    scope: '',
    groups: [],
    audience: [],
    error,
    reason,
    steps,
  })
  const client = await realm.clients.find(query.clientId)
  if (!client) return refused('invalid_client', `there is no client ${JSON.stringify(query.clientId)}`)
  const wrong = query.groups?.find((group) => !isGroupName(group))
  if (wrong !== undefined) return refused('invalid_request', `${JSON.stringify(wrong)} is no group: write /vo/group`)
  const principal: Principal =
    query.subject === undefined
      ? { kind: 'client', subject: client.subject, groups: client.groups, claims: {} }
      : { kind: 'user', subject: query.subject, groups: query.groups ?? [], claims: query.claims ?? {} }
  steps.push(`${principal.kind} ${principal.subject} through client ${client.clientId}`)
  try {
    const requested = parseRequestedScopes(query.scope ?? '')
    const explain = (line: string): void => void steps.push(line)
    const decision = decide({ policy: realm.policy, client, principal, requested, bounds: undefined, explain })
    const parameters = new Parameters((query.audience ?? []).map((audience) => ['audience', audience]))
    const named = requestedAudience(parameters)
    const audience = isIdentityAlone(decision)
      ? identityAudience(named, client.audience, undefined, realm.issuer)
      : grantAudience(named, client.audience, undefined)
    return { allowed: true, scope: tokenScope(decision), groups: decision.groups, audience, steps }
  } catch (error) {
    if (error instanceof OAuthError) return refused(error.error, error.message)
    throw error
  }
}
