import { z } from 'zod'
import { list, oneOrMore, text } from './values.ts'

const claimValue = z.union([z.string(), z.number(), z.boolean()])

const match = z.strictObject({
  client: oneOrMore.optional(),
  subject: oneOrMore.optional(),
  group: oneOrMore.optional(),
  claim: z.record(z.string(), z.union([claimValue, z.array(claimValue)])).optional(),
  kind: z.enum(['user', 'client']).optional(),
})

/** The form of `PolicyOptions`. */
export const policyBlock: z.ZodType<object> = z.strictObject({
  rules: z.array(z.strictObject({ name: text.optional(), match: match.optional(), scopes: list })).optional(),
  capabilitySets: z.record(z.string(), z.strictObject({ scopes: list, match: match.optional() })).optional(),
  optionalGroups: list.optional(),
})
