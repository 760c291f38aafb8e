// Writes to one cache file until it is killed, telling after each write how often it has written.
import { setTimeout as sleep } from 'node:timers/promises'
import { SqliteStore } from '../../src/sqlite-store.ts'
import { recordFor } from './record.ts'

const [, , file, name] = process.argv
const store = new SqliteStore(file!)
for (let count = 1; ; count++) {
  store.saveKeys(recordFor(`https://${name}.example/${count % 50}`, count))
  process.stdout.write(`${count}\n`)
  // Lets the other writer in: SQLite's locks are not fair.
  // oxlint-disable-next-line no-await-in-loop -- waiting is the point
  await sleep(1)
}
