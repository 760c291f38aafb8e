// Holds a cache file locked, as a backup or a process that was stopped does, until its standard input ends.
import { DatabaseSync } from 'node:sqlite'

const database = new DatabaseSync(process.argv[2]!, { timeout: 10_000 })
database.exec('BEGIN EXCLUSIVE')
console.log('held')
process.stdin.once('end', () => process.exit()).resume()
