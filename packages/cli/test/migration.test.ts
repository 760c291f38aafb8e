import { needs } from '@scitokens-tests/programs'
import { spawnSync } from '@scitokens-tests/programs/processes'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { everyCommand } from './support/in-process.ts'

/** A row of a table of docs/migration.md. */
interface Row {
  /** The other tool; rows that begin with `…` go on with the one above. */
  readonly tool: string
  readonly goesOn: boolean
  readonly there: string
  readonly here: string
}

const page = readFileSync(join(import.meta.dirname, '../../../docs/migration.md'), 'utf8')
let tool = ''
const rows: readonly Row[] = page
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| ---') && !line.endsWith('| here |'))
  .map((line) => {
    const [, there = '', here = ''] = line.split(/(?<!\\)\|/).map((cell) => cell.trim())
    const goesOn = there.startsWith('…')
    if (!goesOn) tool = /^`([\w.-]+)/.exec(there)?.[1] ?? there
    return { tool, goesOn, there, here }
  })

const flagsIn = (text: string): string[] => [...text.matchAll(/(?<![\w-])--?[A-Za-z][\w-]*/g)].map(([flag]) => flag)

/** What the tools of scitokens 1.9 (Python) and scitokens-cpp 1.4 take. */
const TOOLS: Readonly<Record<string, string>> = {
  'scitokens-admin-create-key':
    '--private-keyfile --public-keyfile --create-keys --jwks-public --jwks-private --pem-private --pem-public --ec',
  'scitokens-admin-create-token': '--demo --keyfile --key_id --issuer --lifetime',
  'scitokens-verify-token': '-v',
  admin_add_key: '-f',
  admin_remove_key: '',
  admin_list_keys: '',
  admin_update_keys: '-f',
  'scitokens-verify': '-c --cred -i --issuer -K --keyid -p --profile',
  'scitokens-create': '-c --cred -k --key -K --keyid -i --issuer -C --claim -p --profile',
  'scitokens-list-access': '',
  'scitokens-test-access': '',
  'scitokens-generate-jwks': '-k -j -p -P',
}

test.each(Object.entries(TOOLS))('%s and each of its flags has an equivalent', (name, flags) => {
  const list = rows.filter((row) => row.tool === name)
  expect(list, name).not.toEqual([])
  const told = new Set(list.flatMap(({ there }) => flagsIn(there)))
  expect(flags.split(' ').filter((flag) => flag !== '' && !told.has(flag))).toEqual([])
  for (const { here } of list) expect(here).not.toBe('')
})

describe.each(['scitokens-verify', 'scitokens-create'] as const)('%s of this machine', (name) => {
  test('takes no flag that is not listed here', needs(name), () => {
    const { stdout, stderr } = spawnSync(name, ['--help'], { encoding: 'utf8' })
    const flags = flagsIn(`${stdout}${stderr}`).filter((flag) => flag !== '-h' && flag !== '--help' && flag !== '-cpp')
    expect(flags.length).toBeGreaterThan(4)
    const listed = TOOLS[name]!.split(' ')
    expect(flags.filter((flag) => !listed.includes(flag) && !name.includes(flag))).toEqual([])
  })
})

test('every command and flag that the page sends people to is there', () => {
  const commands = everyCommand()
  const wrong: string[] = []
  let meant: typeof commands = []
  for (const { there, here, goesOn } of rows) {
    if (!goesOn) meant = []
    const spans = [...here.matchAll(/`([^`]+)`/g)].map(([, text]) => text!)
    for (const span of spans) {
      const words = span.split(' ')
      const isCommand = words[0] === 'scitokens' || commands.some(({ path }) => path.join(' ') === words[0])
      if (isCommand) {
        const line = words.slice(words[0] === 'scitokens' ? 1 : 0).join(' ')
        const named = commands.filter(({ path }) => `${line} `.startsWith(`${path.join(' ')} `))
        if (named.length === 0) wrong.push(`${there}: no command ${span}`)
        meant = [...meant, ...named]
      }
      const known = meant.flatMap(({ options }) => options.flatMap(({ long, short }) => [long, short]))
      for (const flag of flagsIn(span)) if (!known.includes(flag)) wrong.push(`${there}: no flag ${flag} in ${span}`)
    }
  }
  expect(wrong).toEqual([])
})
