import { activationFrom, type ServiceOptions, type SignalSource } from '@scitokens/service'
import type { CliContext } from './context.ts'
import type { Output } from './output.ts'

/** What a command that runs a service takes from the process: what it was started with, signals and time. */
export function serviceContext({
  env,
  clock,
  signal,
  signals = endingWith(signal),
}: CliContext): Required<Pick<ServiceOptions, 'activation' | 'clock' | 'signals'>> {
  return { activation: activationFrom(env, process.pid), clock, signals }
}

/** A log for people: what needs a look. That the service has begun is told by the command. */
export function warningsTo(output: Output): NonNullable<ServiceOptions['logger']> {
  const warn = (details: object, message: string): void => {
    const { err } = details as { readonly err?: unknown }
    output.warn(err instanceof Error ? `${message}: ${err.message}` : message)
  }
  return { info() {}, warn, error: warn }
}

/** Signals of whoever has only one that ends everything. */
function endingWith(signal: AbortSignal): SignalSource {
  return {
    on(name, listener) {
      if (name !== 'SIGTERM') return
      if (signal.aborted) queueMicrotask(listener)
      else signal.addEventListener('abort', listener, { once: true })
    },
    off(_, listener) {
      signal.removeEventListener('abort', listener)
    },
  }
}
