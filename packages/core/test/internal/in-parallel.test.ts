import { expect, test } from 'vitest'
import { inParallel, sleep } from '../../src/internal.ts'

test('everything is done once, in order, and never more at a time than the limit', async () => {
  const done: [number, string][] = []
  let running = 0
  let most = 0
  await inParallel(3, ['a', 'b', 'c', 'd', 'e', 'f', 'g'], async (item, index) => {
    done.push([index, item])
    most = Math.max(most, ++running)
    await sleep(1)
    running--
  })
  expect(done).toEqual('abcdefg'.split('').map((item, index) => [index, item]))
  expect(most).toBe(3)
})

test('no items are no work', async () => {
  await inParallel(3, [], () => Promise.reject(new Error('never')))
})

test('after a failure nothing is begun, what is under way is awaited, and the failure is thrown', async () => {
  const begun: number[] = []
  const ended: number[] = []
  const work = async (item: number): Promise<void> => {
    begun.push(item)
    if (item === 1) throw new Error('one')
    await sleep(5)
    ended.push(item)
  }
  await expect(inParallel(2, [0, 1, 2, 3, 4], work)).rejects.toThrow('one')
  expect([begun, ended]).toEqual([[0, 1], [0]])
})

test('items that cannot be told are a failure like any other', async () => {
  const ended: number[] = []
  function* items(): Generator<number> {
    yield 0
    throw new Error('no more')
  }
  const work = async (item: number): Promise<void> => {
    await sleep(5)
    ended.push(item)
  }
  await expect(inParallel(2, items(), work)).rejects.toThrow('no more')
  expect(ended).toEqual([0])
})

test.each([[0], [-1], [Number.NaN]])('at most %d at a time would do nothing: config_error', async (limit) => {
  await expect(inParallel(limit, [1], () => Promise.resolve())).rejects.toMatchObject({ code: 'config_error' })
})
