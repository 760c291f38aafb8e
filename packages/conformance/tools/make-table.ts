// Writes docs/conformance.md: `npm run conformance:table [-- PEER…]`. A peer that cannot be had is told on the page.
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { SciTokenError } from '@scitokens/core'
import { type Implementation, NAMED_PEERS, openPeer, readFiles, runCases, thisProject } from '../src/index.ts'
import { type Column, makePage } from './table.ts'

const { positionals } = parseArgs({ allowPositionals: true })
const peers = positionals.length > 0 ? positionals : NAMED_PEERS
const files = await readFiles([])

const columns: Column[] = [await ask(thisProject)]
const failed = [...columns[0]!.results!.values()].filter(({ verdict }) => verdict === 'failed' || verdict === 'ended')
if (failed.length > 0) {
  process.stderr.write(
    `no page is made while this project fails ${failed.length} of its own cases, ${failed[0]!.id} first\n`,
  )
  process.exit(1)
}
for (const peer of peers) columns.push(await askPeer(peer))
await writeFile(new URL('../../../docs/conformance.md', import.meta.url), makePage(columns))

async function askPeer(peer: string): Promise<Column> {
  try {
    const implementation = await openPeer(peer)
    try {
      return await ask(implementation)
    } finally {
      await implementation.close?.()
    }
  } catch (error) {
    if (!(error instanceof SciTokenError)) throw error
    process.stderr.write(`${error.message}\n`)
    return { name: peer, notes: ['could not be installed where this page was made'], results: undefined }
  }
}

async function ask(implementation: Implementation): Promise<Column> {
  const results = []
  for (const file of files) results.push(...(await runCases(file, implementation)))
  return {
    name: implementation.name,
    notes: [
      ...(implementation.tellsRefusalsApart ? [] : ['says only yes or no, so the kinds of "no" are not told apart']),
      ...(implementation.clock === 'settable' ? [] : ['asked with tokens signed for the real time']),
    ],
    results: new Map(results.map((result) => [result.id, result])),
  }
}
