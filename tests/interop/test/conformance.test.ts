import { readFile } from 'node:fs/promises'
import { type CaseResult, NAMED_PEERS, openPeer, readFiles, runCases } from '@scitokens/conformance'
import { expect, test } from 'vitest'
import { isWanted } from '../src/libraries/left-out.ts'

const WORDS = { passed: 'as expected', failed: 'differs', skipped: 'not asked', ended: 'ended' } as const
/** What every implementation must get right, or it has not been asked properly. */
const BASICS = ['token/es256', 'token/rs256', 'token/tampered-payload', 'paths/child', 'paths/parent', 'audience/case']

test.each(NAMED_PEERS.filter(isWanted))(
  'the conformance cases run against %s, and differ where docs/conformance.md says so',
  async (peer) => {
    const library = await openPeer(peer)
    const results = new Map<string, CaseResult>()
    try {
      for (const file of await readFiles([])) {
        // oxlint-disable-next-line no-await-in-loop -- one program answers
        for (const result of await runCases(file, library)) results.set(result.id, result)
      }
    } finally {
      await library.close?.()
    }
    const basics = BASICS.map((id) => results.get(id)).filter((result) => result?.verdict !== 'skipped')
    expect(basics.filter((result) => result?.verdict !== 'passed')).toEqual([])
    expect(basics.length).toBeGreaterThan(3)

    const told = await readTable(library.name)
    // Another version of the library has differences of its own: the page is made anew for it.
    if (!told) return
    // Where the program died when the page was made, the library's behaviour is undefined: whatever comes here is no news.
    const promised = [...results.values()].filter(({ id }) => told.get(id) !== WORDS.ended)
    const different = promised.filter(({ id, verdict }) => (told.get(id) ?? WORDS[verdict]) !== WORDS[verdict])
    expect(different.map(({ id, why }) => `${id}: ${why}`)).toEqual([])
    const untold = promised.filter(({ id, verdict }) => ['failed', 'ended'].includes(verdict) && !told.has(id))
    expect(untold.map(({ id }) => id)).toEqual([])
  },
  300_000,
)

/** What the page tells of an implementation, by case; undefined where it has no column. */
async function readTable(name: string): Promise<ReadonlyMap<string, string> | undefined> {
  const page = await readFile(new URL('../../../docs/conformance.md', import.meta.url), 'utf8')
  const rows = page.split('\n').filter((line) => line.startsWith('| '))
  const column = cells(rows.find((line) => line.startsWith('| case '))!).indexOf(name)
  if (column === -1) return undefined
  return new Map(
    rows.flatMap((line) => {
      const id = /^\| `([^`]+)` \|/.exec(line)?.[1]
      return id === undefined ? [] : [[id, cells(line)[column]!] as const]
    }),
  )
}

/** The cells of a row; a bar in the text of one is escaped. */
function cells(row: string): readonly string[] {
  return row.split(/(?<!\\)\|/).map((cell) => cell.trim())
}
