import { redactLine } from '@scitokens/core/internal'
import type { Logger } from '@scitokens/issuer'
import type { CliContext } from './context.ts'

const LEVELS = ['debug', 'info', 'warn', 'error'] as const

/**
 * The issuer's log: one JSON document a line on standard error, where a service manager picks it up. Tokens are taken out.
 *
 * @param level - the least that is told. Default: `warn`.
 */
export function issuerLogger({ stderr, clock }: CliContext, level: (typeof LEVELS)[number] = 'warn'): Logger {
  const write = (name: (typeof LEVELS)[number]) => (details: object, message: string) => {
    if (LEVELS.indexOf(name) < LEVELS.indexOf(level)) return
    const time = new Date(clock() * 1000).toISOString()
    const entries = Object.entries(details).map(([key, value]) => [
      key,
      value instanceof Error ? describe(value) : value,
    ])
    stderr.write(`${redactLine(JSON.stringify({ time, level: name, message, ...Object.fromEntries(entries) }))}\n`)
  }
  return { info: write('info'), warn: write('warn'), error: write('error') }
}

/** What an operator needs of an error, its causes included. */
function describe(error: Error): string {
  const cause = error.cause instanceof Error ? `: ${describe(error.cause)}` : ''
  return `${error.name}: ${error.message}${cause}`
}
