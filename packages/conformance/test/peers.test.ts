import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import {
  formatReport,
  type Implementation,
  makeReport,
  openCommandPeer,
  openPeer,
  readCases,
  runCases,
  summary,
} from '../src/index.ts'
import { makeCase, makeFile } from './case-file.ts'

const PEER = fileURLToPath(new URL('stand-in-peer.ts', import.meta.url))

let open: Implementation | undefined
afterEach(async () => {
  await open?.close?.()
  open = undefined
})

/** A program that speaks the protocol, in one of its moods. */
async function standIn(mood: string): Promise<Implementation> {
  open = await openCommandPeer({ command: process.execPath, args: [PEER, mood] })
  return open
}

const file = readCases(
  makeFile([
    makeCase('a/1'),
    makeCase('a/2', { expect: { outcome: 'invalid' }, request: { op: 'test', authz: 'write', path: '/foo' } }),
    makeCase('a/3', { enforcer: { issuers: [], strict: true } }),
    makeCase('a/4', { request: { op: 'mode' } }),
  ]),
  'x.json',
)

test('a program that speaks the protocol is asked like any implementation', async () => {
  const results = await runCases(file, await standIn('fair'))
  expect(results.map(({ verdict, why }) => [verdict, why])).toEqual([
    ['passed', undefined],
    // It says "deny" where "invalid" is expected: both are "no", and it does not tell them apart.
    ['passed', undefined],
    ['skipped', 'it has no option strict'],
    ['skipped', 'it cannot be asked mode'],
  ])
})

test('the same may be given as a shell command', async () => {
  open = await openPeer(`'${process.execPath}' '${PEER}' fair`)
  expect((await runCases(file, open))[0]?.verdict).toBe('passed')
})

test('a program that dies of a case has ended at it, and the cases after it are put to a new one', async () => {
  const results = await runCases(file, await standIn('dies'))
  // The first case expects "yes", the second "no": a program that died has said neither.
  expect(results[0]).toMatchObject({ verdict: 'ended', why: 'the program ended: out of luck' })
  expect(results[1]).toMatchObject({ verdict: 'passed' })

  const refusing = readCases(makeFile([makeCase('a/1', { expect: { outcome: 'invalid' } }), makeCase('a/2')]), 'x.json')
  const died = await runCases(refusing, await standIn('dies'))
  expect(died.map(({ verdict }) => verdict)).toEqual(['ended', 'passed'])
  expect(summary(makeReport('x', died))).toBe('1 passed, 0 failed, 1 ended')
  expect(formatReport(makeReport('x', died))).toMatch(/^ENDED {3}a\/1: .*: the program ended: out of luck$/m)
})

describe('a program that fails loses the case, not the run:', () => {
  test.each([
    ['strays', /a stray exception: .*TypeError in the peer/],
    ['mumbles', /no JSON object/],
    ['shrugs', /without an outcome/],
  ])('%s', async (mood, why) => {
    const results = await runCases(file, await standIn(mood))
    expect(results[0]).toMatchObject({ verdict: 'failed', why: expect.stringMatching(why) as string })
    // Put again to a program that is started anew where it has to be.
    expect(results[1]).toMatchObject({ verdict: 'passed' })
  })
})

test.each([
  ['exit 3', 'undecided'],
  ['echo hello; cat >/dev/null', 'undecided'],
  ['echo "{}"; cat >/dev/null', 'config_error'],
  ['/no/such/program', 'undecided'],
])('the command %j is no peer', async (command, code) => {
  await expect(openPeer(command)).rejects.toMatchObject({ code })
})
