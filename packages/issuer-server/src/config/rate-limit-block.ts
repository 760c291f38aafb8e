import { z } from 'zod'
import type { RateLimits } from '../limits/rate-limits.ts'
import { count, text } from './values.ts'

/** The form of {@link RateLimits}. */
export const rateLimitBlock: z.ZodType<RateLimits> = z.strictObject({
  perAddress: count.optional(),
  perClient: count.optional(),
  perUser: count.optional(),
  addresses: z.record(text, count).optional(),
  clients: z.record(text, count).optional(),
}) as never
