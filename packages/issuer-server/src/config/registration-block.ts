import { z } from 'zod'
import type { RegistrationOptions } from '@scitokens/issuer'
import { count, list, oneOrMore, type SecretReference, secret } from './values.ts'

/** Registration by clients themselves, as written. */
export interface ConfiguredRegistration extends Omit<RegistrationOptions, 'initialAccessTokens'> {
  readonly initialAccessTokens?: readonly SecretReference[]
}

/** The form of a {@link ConfiguredRegistration}. */
export const registrationBlock: z.ZodType<object> = z.strictObject({
  initialAccessTokens: z.array(secret).min(1).optional(),
  scopes: list.optional(),
  audiences: list.optional(),
  defaultAudience: oneOrMore.optional(),
  perAddressPerHour: count.optional(),
})
