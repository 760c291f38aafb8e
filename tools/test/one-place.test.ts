import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../process.ts'

const sources = globSync('packages/*/src/**/*.ts', { cwd: root }).map((file) => ({
  file,
  text: readFileSync(join(root, file), 'utf8').replaceAll(/^\s*(?:\/\/|\/?\*).*$/gm, ''),
}))

const where = (pattern: RegExp): string[] => sources.filter(({ text }) => pattern.test(text)).map(({ file }) => file)

/** Milliseconds that a synchronous call may wait: the process, and all that it serves, waits with it. */
const LONGEST_WAIT_MS = 20

test('no database is waited for by SQLite itself for longer than 20 ms, and none by a default', () => {
  const waits = sources.flatMap(({ file, text }) =>
    [...text.matchAll(/busy_timeout\s*=\s*(\S+)|new DatabaseSync\([^()]*(?:\([^()]*\)[^()]*)*\)/g)].flatMap(
      ([call, pragma]) => {
        const wait = pragma ?? /\btimeout: *([\w.]+)/.exec(call)?.[1] ?? '0'
        return Number(wait.replaceAll('_', '')) <= LONGEST_WAIT_MS ? [] : [`${file}: ${call}`]
      },
    ),
  )
  expect(waits).toEqual([])
})

test('no source makes directories recursively: below /proc and an automounter that never ends', () => {
  expect(sources.length).toBeGreaterThan(300)
  expect(where(/\bmkdir(?:Sync)?\([^)]*recursive/)).toEqual([])
})

test('what a profile says stands in its rules: no reader, judge or signer of tokens asks for a profile by its name', () => {
  const named = where(/'(?:scitoken:[12]\.0|wlcg:1\.x|at\+jwt)'/).filter((file) =>
    /packages\/(?:core|enforcer)\//.test(file),
  )
  expect(named).toEqual(['packages/core/src/claims/profile-rules.ts'])
})

/** What reaches out of the process, or keeps it. */
const INPUT_OUTPUT = new RegExp(
  [
    // node:fs, node:sqlite and node:child_process.
    String.raw`\b\w+Sync\(`,
    String.raw`\b(?:createReadStream|createWriteStream|readFile|writeFile|readdir|mkdir|stat|spawn|fork|execFile)\(`,
    // The network.
    String.raw`\b(?:listen|connect|createConnection|fetch)\(`,
    // A timer that keeps the process.
    String.raw`\bset(?:Interval|Timeout)\((?![^\n]*\.unref\(\))`,
  ].join('|'),
)

/** What begins with such a line; the formatter ends it with a brace at the same indentation. */
const blocks = (text: string, head: string): string[] =>
  [
    ...text.matchAll(new RegExp(String.raw`^( *)(?:${head})[^\n]*\{(?:\n\1 [^\n]*|\n\1\)[^\n]*\{|\n)*`, 'gm')),
    ...text.matchAll(new RegExp(String.raw`^( *)(?:${head})\n(?:\1 [^\n]*\n)*\1\)[^\n]*\{(?:\n\1 [^\n]*|\n)*`, 'gm')),
  ].map(([block]) => block)

/** A function with all those of its file that it calls. What it hands on as `() => …` is called later. */
function reachOf(block: string, text: string, seen = new Set<string>()): string {
  const now = block.replaceAll(
    /\([^()\n]*\)(?:: \w+)? => (?!\{)[^\n]*/g,
    (callback) => /\.unref\(\)/.exec(callback)?.[0] ?? '',
  )
  const called = [...now.matchAll(/(?<![.\w])(?:this\.)?(#?\w+)\(/g)].flatMap(([, name = '']) => {
    if (seen.has(name)) return []
    seen.add(name)
    return blocks(text, String.raw`(?:export |async |function )*${name}(?:<[^\n(]*>)?\(`)
  })
  return [now, ...called.map((next) => reachOf(next, text, seen))].join('\n')
}

const ioOfNew = (text: string): string[] =>
  blocks(text, String.raw`(?:private )?constructor\(`).flatMap((block) => INPUT_OUTPUT.exec(reachOf(block, text)) ?? [])

test('new does no I/O: no constructor opens a file, a database or a connection, starts a program, or keeps the process', () => {
  const found = sources.flatMap(({ file, text }) => ioOfNew(text).map((call) => `${file}: ${call}`))
  expect(found).toEqual([])
})

test.each([
  ['itself', '  constructor(file: string) {\n    this.#file = new DatabaseSync(file)\n  }\n', 'DatabaseSync('],
  ['over several lines', '  constructor(\n    file: string,\n  ) {\n    connect(file)\n  }\n', 'connect('],
  [
    'in a method',
    '  constructor() {\n    this.#look()\n  }\n\n  #look(): void {\n    statSync(this.#file)\n  }\n',
    'statSync(',
  ],
  [
    'in a function',
    '  constructor() {\n    look()\n  }\n}\n\nfunction look(): void {\n  readFileSync(x)\n}\n',
    'readFileSync(',
  ],
  ['with a timer', '  constructor() {\n    setInterval(() => this.look(), 1000)\n  }\n', 'setInterval('],
])('a constructor that does I/O %s is found', (_where, members, call) => {
  expect(ioOfNew(`class Example {\n${members}}\n`)).toEqual([call])
})
