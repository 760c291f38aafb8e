// Runs the suite in every runtime, or in those that are named, and ends with `N passed, N failed`.
import { RUNTIMES } from './runtimes.ts'

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(RUNTIMES)
let passed = 0
let failed = 0
for (const name of names) {
  const run = RUNTIMES[name]
  try {
    if (!run) throw new Error(`${name} is none of ${Object.keys(RUNTIMES).join(', ')}`)
    // oxlint-disable-next-line no-await-in-loop -- one after the other: they are large programs
    const outcomes = await run()
    if (outcomes.length === 0) throw new Error('no check was run')
    for (const { name: check, error } of outcomes) if (error !== undefined) console.log(`${name}: ${check}: ${error}`)
    const good = outcomes.filter(({ error }) => error === undefined).length
    console.log(`${name.padEnd(10)} ${good} of ${outcomes.length}`)
    passed += good
    failed += outcomes.length - good
  } catch (error) {
    console.log(`${name.padEnd(10)} could not run: ${error instanceof Error ? error.message : String(error)}`)
    failed += 1
  }
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
