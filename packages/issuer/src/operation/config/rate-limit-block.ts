import { z } from 'zod'
import type { RateLimits } from '../rate-limit.ts'
import { count } from './values.ts'

/** The form of {@link RateLimits}. */
export const rateLimitBlock: z.ZodType<RateLimits> = z.strictObject({
  perAddress: count.optional(),
  perClient: count.optional(),
}) as never
