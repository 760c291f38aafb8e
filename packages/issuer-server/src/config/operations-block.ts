import { z } from 'zod'
import { port, text } from './values.ts'

/** Where health and metrics are, or that they are nowhere. */
export type OperationsConfig = false | { readonly host?: string; readonly port?: number }

/** The form of an {@link OperationsConfig}. */
export const operationsBlock: z.ZodType<OperationsConfig> = z.union([
  z.literal(false),
  z.strictObject({ host: text.optional(), port: port.optional() }),
]) as never
