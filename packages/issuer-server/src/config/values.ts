import { z } from 'zod'

/** A secret as written: where it stands. */
export type SecretReference = { readonly file: string } | { readonly env: string }

// What blocks of the configuration are made of. Each block has a file of its own beside this one.
export const text: z.ZodString = z.string().min(1)
export const list: z.ZodArray<z.ZodString> = z.array(text)
export const oneOrMore: z.ZodUnion<[z.ZodString, z.ZodArray<z.ZodString>]> = z.union([text, list])
export const count: z.ZodInt = z.int().positive()
export const seconds: z.ZodInt = z.int().positive()
export const port: z.ZodInt = z.int().min(0).max(65_535)
export const profile: z.ZodType<'scitoken:2.0' | 'wlcg:1.x'> = z.enum(['scitoken:2.0', 'wlcg:1.x'])
export const algorithm: z.ZodType<'ES256' | 'RS256'> = z.enum(['ES256', 'RS256'])
export const jwks: z.ZodType<object> = z.looseObject({ keys: z.array(z.looseObject({})) })

/** A secret that stands elsewhere: in a file (readable by its owner only) or in an environment variable. */
export const secret: z.ZodType<SecretReference> = z.union([
  z.strictObject({ file: text }),
  z.strictObject({ env: text }),
])

export const refresh: z.ZodType<object> = z.strictObject({
  rotate: z.boolean().optional(),
  graceSeconds: z.int().nonnegative().optional(),
  lifetimeSeconds: seconds.optional(),
  maxSeconds: seconds.optional(),
})
