import { z } from 'zod'
import type { ClientOptions } from '@scitokens/issuer'
import { AUTH_METHOD_NAMES, GRANT_TYPES } from '@scitokens/issuer/internal'
import { algorithm, jwks, list, profile, refresh, type SecretReference, seconds, secret, text } from './values.ts'

/** A client as written: like {@link ClientOptions}, but its secrets stand elsewhere. */
export interface ConfiguredClient extends Omit<ClientOptions, 'clientSecret'> {
  /** Where its secret stands; several while it is being changed. */
  readonly clientSecret?: SecretReference | readonly SecretReference[]
}

/** What a client is beside its name and its secrets, which stand elsewhere in a file than in the store. */
const properties = {
  clientName: text.optional(),
  jwks: jwks.optional(),
  certificates: z.array(z.strictObject({ sha256: text.optional(), subject: text.optional() })).optional(),
  authMethods: z.array(z.enum(AUTH_METHOD_NAMES)).optional(),
  grants: z.array(z.enum(GRANT_TYPES)).optional(),
  redirectUris: list.optional(),
  requirePkce: z.boolean().optional(),
  scopes: list.optional(),
  defaultScopes: list.optional(),
  audiences: list.optional(),
  defaultAudience: z.union([text, list]).optional(),
  subject: text.optional(),
  groups: list.optional(),
  lifetime: seconds.optional(),
  profile: profile.optional(),
  profileByRequest: z.boolean().optional(),
  algorithm: algorithm.optional(),
  refresh: refresh.optional(),
  exchange: z
    .strictObject({ from: list.optional(), widenAudience: z.boolean().optional(), refresh: z.boolean().optional() })
    .optional(),
  assertions: z.array(z.strictObject({ issuer: text, jwks: jwks.optional(), subjects: list.optional() })).optional(),
  chains: z.boolean().optional(),
  acceptScopesAlias: z.boolean().optional(),
  skipConsent: z.boolean().optional(),
}

/** The form of a {@link ConfiguredClient}. */
export const clientBlock: z.ZodType<object> = z.strictObject({
  clientId: text,
  clientSecret: z.union([secret, z.array(secret).min(1)]).optional(),
  ...properties,
})
