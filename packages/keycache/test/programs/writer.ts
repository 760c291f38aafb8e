// Writes to one cache file until it is killed, telling after each write how often it has written.
import { setTimeout as sleep } from 'node:timers/promises'
import { SqliteStore } from '../../src/store/sqlite-store.ts'
import { recordFor } from './record.ts'

const [, , file, name] = process.argv

/** A store waits for nobody; `SafeStore`, which does, is not what is tried here. */
async function patiently<T>(work: () => T): Promise<T> {
  for (;;) {
    try {
      return work()
    } catch (error) {
      if (!(error instanceof Error && error.message.includes('locked'))) throw error
      // oxlint-disable-next-line no-await-in-loop -- waiting is the point
      await sleep(20)
    }
  }
}

const store = await patiently(() => SqliteStore.open(file!))
for (let count = 1; ; count++) {
  // oxlint-disable-next-line no-await-in-loop -- one write after the other
  await patiently(() => store.saveKeys(recordFor(`https://${name}.example/${count % 50}`, count)))
  process.stdout.write(`${count}\n`)
  // oxlint-disable-next-line no-await-in-loop -- lets the other writer in
  await sleep(5)
}
