import type { X509Options } from '@scitokens/issuer'
import type { FrontEndOptions, VerifierOptions } from '@scitokens/x509'
import { z } from 'zod'
import { algorithm, list, oneOrMore, profile, type SecretReference, seconds, secret, text } from './values.ts'

/** Tokens for certificates of the grid, as written: by what they are judged, and who gets what. */
export interface ConfiguredX509 extends Omit<X509Options, 'verifier'>, Omit<VerifierOptions, 'frontEnd' | 'logger'> {
  readonly frontEnd?: Omit<FrontEndOptions, 'secret'> & { readonly secret?: SecretReference }
}

const strictness = z.enum(['require', 'if-present', 'ignore'])

/** The form of a {@link ConfiguredX509}. */
export const x509Block: z.ZodType<ConfiguredX509> = z.strictObject({
  rules: text,
  dnMapping: text.optional(),
  authorities: text.optional(),
  vomsDirectory: text.optional(),
  revocation: strictness.optional(),
  namespaces: strictness.optional(),
  legacyProxies: z.boolean().optional(),
  limitedProxies: z.boolean().optional(),
  hosts: list.optional(),
  clientId: text.optional(),
  audiences: list.optional(),
  defaultAudience: oneOrMore.optional(),
  lifetime: seconds.optional(),
  profile: profile.optional(),
  algorithm: algorithm.optional(),
  frontEnd: z
    .strictObject({
      unixSocket: z.boolean().optional(),
      secret: secret.optional(),
      secretHeader: text.optional(),
      certificateHeader: text.optional(),
      chainHeader: text.optional(),
      credentialPrefix: text.optional(),
      dnHeader: text.optional(),
      usernameHeader: text.optional(),
      fqansHeader: text.optional(),
    })
    .optional(),
}) as never
