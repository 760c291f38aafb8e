import { UndecidedError } from '@scitokens/core'

/** Waits for work that others may share. The signal ends this wait with `aborted`; the work goes on. */
export function waitFor<T>(start: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return start()
  if (signal.aborted) return Promise.reject(aborted(signal))
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(aborted(signal))
    signal.addEventListener('abort', onAbort, { once: true })
    start()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', onAbort))
  })
}

function aborted(signal: AbortSignal): UndecidedError {
  return new UndecidedError('aborted', 'the caller stopped waiting for keys', { cause: signal.reason })
}

/** A signal that ends by itself, or with `parent`. Call `done` when the work is over. */
export function deadline(ms: number, parent: AbortSignal): { readonly signal: AbortSignal; done(): void } {
  const controller = new AbortController()
  const onParent = (): void => controller.abort(parent.reason)
  const timer = setTimeout(() => controller.abort(new Error(`there was no complete answer within ${ms} ms`)), ms)
  if (parent.aborted) onParent()
  parent.addEventListener('abort', onParent, { once: true })
  return {
    signal: controller.signal,
    done: () => {
      clearTimeout(timer)
      parent.removeEventListener('abort', onParent)
    },
  }
}
