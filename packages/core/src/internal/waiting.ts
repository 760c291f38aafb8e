/**
 * Waits for work that others may share: the signal ends this wait, and the work goes on.
 *
 * @param start - begins the work, or joins it; not called under a signal that has fired already.
 * @param signal - ends the wait. Default: nothing does.
 * @param aborted - makes the error that the wait then ends with, of the signal's reason.
 */
export async function waitFor<T>(
  start: () => Promise<T>,
  signal: AbortSignal | undefined,
  aborted: (reason: unknown) => Error,
): Promise<T> {
  if (signal === undefined) return start()
  if (signal.aborted) throw aborted(signal.reason)
  const { promise, reject } = Promise.withResolvers<never>()
  const stop = (): void => reject(aborted(signal.reason))
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([start(), promise])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** Waits for so many milliseconds; rejects with the signal's reason as soon as it fires. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted()
  let timer: ReturnType<typeof setTimeout> | undefined
  const rest = (): Promise<void> =>
    new Promise((resolve) => {
      timer = setTimeout(resolve, ms)
    })
  try {
    await waitFor(rest, signal, (reason) => reason as Error)
  } finally {
    clearTimeout(timer)
  }
}

/** A signal that fires after a time or with another one. */
export interface Deadline {
  /** Fires with an `Error` that names the time, or with the reason of the other signal. */
  readonly signal: AbortSignal
  /** To be called when the work is over: the timer and the other signal then hold nothing any more. */
  done(): void
}

/** Makes a signal that fires after so many milliseconds, or with `parent`. Unlike `AbortSignal.timeout`, its timer keeps a process alive. */
export function deadline(ms: number, parent?: AbortSignal): Deadline {
  const controller = new AbortController()
  const onParent = (): void => controller.abort(parent!.reason)
  const timer = setTimeout(() => controller.abort(new Error(`there was no complete answer within ${ms} ms`)), ms)
  if (parent?.aborted) onParent()
  parent?.addEventListener('abort', onParent, { once: true })
  return {
    signal: controller.signal,
    done: () => {
      clearTimeout(timer)
      parent?.removeEventListener('abort', onParent)
    },
  }
}
