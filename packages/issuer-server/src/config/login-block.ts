import { z } from 'zod'
import type { HeaderLoginOptions, OpenIdLoginOptions } from '@scitokens/issuer'
import { list, type SecretReference, seconds, secret, text } from './values.ts'

/** How people log in, as written: one of three. */
export type LoginConfig =
  /** Anybody, on a loopback issuer only. */
  | { readonly development: true }
  | { readonly header: Omit<HeaderLoginOptions, 'secret'> & { readonly secret?: SecretReference } }
  | {
      readonly openid: Omit<OpenIdLoginOptions, 'clientSecret' | 'dangerouslyAllowLoopbackHttp'> & {
        readonly clientSecret: SecretReference
      }
    }

/** The form of a {@link LoginConfig}. */
export const loginBlock: z.ZodType<object> = z.union([
  z.strictObject({ development: z.literal(true) }),
  z.strictObject({
    header: z.strictObject({
      subjectHeader: text,
      nameHeader: text.optional(),
      groupsHeader: text.optional(),
      addresses: list.optional(),
      secret: secret.optional(),
      secretHeader: text.optional(),
      unixSocket: z.boolean().optional(),
    }),
  }),
  z.strictObject({
    openid: z.strictObject({
      issuer: text,
      clientId: text,
      clientSecret: secret,
      scope: text.optional(),
      subjectClaim: text.optional(),
      groupsClaim: text.optional(),
      keepClaims: list.optional(),
      timeoutSeconds: seconds.optional(),
    }),
  }),
])
