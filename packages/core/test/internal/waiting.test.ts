import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { deadline, sleep, waitFor } from '../../src/internal.ts'

const aborted = (reason: unknown): Error => new Error('given up', { cause: reason })
const never = (): Promise<never> => new Promise(() => {})
const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length

test('a wait ends with the work', async () => {
  const { signal } = new AbortController()
  expect(await waitFor(() => Promise.resolve(1), undefined, aborted)).toBe(1)
  expect(await waitFor(() => Promise.resolve(2), signal, aborted)).toBe(2)
  await expect(waitFor(() => Promise.reject(new Error('no')), signal, aborted)).rejects.toThrow('no')
  expect(listeners(signal)).toBe(0)
})

test('or with the signal, while the work goes on', async () => {
  const controller = new AbortController()
  const { promise, resolve } = Promise.withResolvers<number>()
  const waiting = waitFor(() => promise, controller.signal, aborted)
  controller.abort('enough')
  await expect(waiting).rejects.toMatchObject({ message: 'given up', cause: 'enough' })
  expect(listeners(controller.signal)).toBe(0)
  resolve(3)
  expect(await promise).toBe(3)
})

test('under a signal that has fired, no work is begun', async () => {
  let begun = 0
  const work = (): Promise<void> => {
    begun++
    return Promise.resolve()
  }
  await expect(waitFor(work, AbortSignal.abort('before'), aborted)).rejects.toMatchObject({ cause: 'before' })
  expect(begun).toBe(0)
})

test("work that fails after the wait was ended is nobody's unhandled rejection", async () => {
  const controller = new AbortController()
  const { promise, reject } = Promise.withResolvers<never>()
  const waiting = waitFor(() => promise, controller.signal, aborted)
  controller.abort()
  await expect(waiting).rejects.toThrow('given up')
  reject(new Error('late'))
  await sleep(1)
})

test('a sleep ends after its time, or with the reason of the signal', async () => {
  const begun = performance.now()
  await sleep(20)
  expect(performance.now() - begun).toBeGreaterThanOrEqual(19)
  const controller = new AbortController()
  const sleeping = sleep(60_000, controller.signal)
  controller.abort(new Error('closing'))
  await expect(sleeping).rejects.toThrow('closing')
  await expect(sleep(60_000, controller.signal)).rejects.toThrow('closing')
})

test('a deadline fires after its time, and says which it was', async () => {
  const limit = deadline(5, new AbortController().signal)
  await expect(waitFor(never, limit.signal, (reason) => reason as Error)).rejects.toThrow(
    'no complete answer within 5 ms',
  )
  limit.done()
})

test('a deadline fires with the other signal, and lets go of it when the work is over', () => {
  const controller = new AbortController()
  const limit = deadline(60_000, controller.signal)
  const over = deadline(60_000, controller.signal)
  over.done()
  controller.abort('closing')
  expect([limit.signal.aborted, limit.signal.reason, over.signal.aborted]).toEqual([true, 'closing', false])
  limit.done()
  const late = deadline(60_000, controller.signal)
  expect(late.signal.reason).toBe('closing')
  late.done()
})
