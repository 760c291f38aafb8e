#!/usr/bin/env node
import { systemClock } from '@scitokens/core'
import { run } from './run.ts'

const ending = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => ending.abort())
}
// A reader that has seen enough (`| head -1`) is no failure.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}

// Node 22 says at the first use of its SQLite that it is experimental there: nothing that whoever reads our standard error can act upon.
const warn = process.emitWarning.bind(process) as (...given: unknown[]) => void
process.emitWarning = (...given: unknown[]): void => {
  if (!String(given[0]).startsWith('SQLite is an experimental feature')) warn(...given)
}

process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  stdinFd: 0,
  stdout: process.stdout,
  stderr: process.stderr,
  clock: systemClock,
  signal: ending.signal,
  signals: process,
})
