import { expect, test } from 'vitest'
import { CheckQueue, type Ways } from '../../src/signature/check-queue.ts'

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Checks that are odd or even numbers; even ones are good. Those on other threads end when they are told to. */
function setUp({ costMs = 0.12 } = {}) {
  const done: string[] = []
  const elsewhere: (() => void)[] = []
  let clock = 0
  const ways: Ways<number> = {
    now(check) {
      clock += costMs
      if (check < 0) throw new Error('cannot be checked')
      done.push(`now ${check}`)
      return check % 2 === 0
    },
    elsewhere(check, tell) {
      if (check < -10) throw new Error('cannot be handed over')
      elsewhere.push(() => {
        done.push(`elsewhere ${check}`)
        tell(check < 0 ? new Error('cannot be checked') : null, check % 2 === 0)
      })
    },
  }
  const queue = new CheckQueue(ways, () => clock)
  return { queue, done, elsewhere }
}

test('the first checks of a turn are done at once, until a fifth of a millisecond is spent', async () => {
  const { queue } = setUp()
  expect([queue.run(2), queue.run(1)]).toEqual([true, false])
  expect(queue.run(4)).toBeInstanceOf(Promise)
  await nextTurn()
  await nextTurn()
  expect(queue.run(2)).toBe(true)
})

test('whoever asks one after the other has each answer in the next turn, without the way to another thread', async () => {
  const { queue, done, elsewhere } = setUp({ costMs: 1 })
  for (const check of [1, 2, 3, 4]) {
    // oxlint-disable-next-line no-await-in-loop -- that is the rule
    expect(await queue.run(check)).toBe(check % 2 === 0)
  }
  expect(done).toEqual(['now 1', 'now 2', 'now 3', 'now 4'])
  expect(elsewhere).toEqual([])
})

test('beyond that the thread pool gets sixteen, and each turn does what fits into its time, in order', async () => {
  const { queue, done, elsewhere } = setUp({ costMs: 1 })
  const answers = Array.from({ length: 20 }, async (_, index) => queue.run(index))
  expect(done).toEqual(['now 0'])
  expect(elsewhere).toHaveLength(16)
  await nextTurn()
  expect(done).toEqual(['now 0', 'now 17'])
  for (const end of elsewhere.splice(0, 1)) end()
  // Its place is taken by the next that waits.
  expect(elsewhere).toHaveLength(16)
  await nextTurn()
  expect(done).toEqual(['now 0', 'now 17', 'elsewhere 1', 'now 19'])
  for (const end of elsewhere) end()
  expect(await Promise.all(answers)).toEqual(Array.from({ length: 20 }, (_, index) => index % 2 === 0))
})

test('a check that fails is told to whoever asked, and the others go on', async () => {
  const { queue, elsewhere } = setUp({ costMs: 1 })
  expect(() => queue.run(-1)).toThrow('cannot be checked')
  const outcomes = Promise.allSettled([-1, -11, 2, 3, 4, -2, 6].map(async (check) => queue.run(check)))
  while (elsewhere.length > 0) {
    for (const end of elsewhere.splice(0)) end()
    // oxlint-disable-next-line no-await-in-loop -- turn by turn
    await nextTurn()
  }
  expect((await outcomes).map((one) => (one.status === 'fulfilled' ? one.value : String(one.reason)))).toEqual([
    'Error: cannot be checked',
    'Error: cannot be handed over',
    true,
    false,
    true,
    'Error: cannot be checked',
    true,
  ])
})
