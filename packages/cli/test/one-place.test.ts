import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const source = join(import.meta.dirname, '..', 'src')
const commands = readdirSync(join(source, 'commands'))
const texts = ['program.ts', ...commands.map((file) => join('commands', file))].map((file) => ({
  file,
  text: readFileSync(join(source, file), 'utf8'),
}))

// Man page, completion, docs/cli.md and the test of every command are made from the tree of commands, so this is all there is to say.
test('a command is a file and a line in program.ts or in its group: each that a file adds is in the tree', () => {
  const added = texts.flatMap(({ file, text }) =>
    [...text.matchAll(/^export function (add[A-Z]\w*)\(/gm)].map(([, name = '']) => ({ file, name })),
  )
  expect(added.length).toBeGreaterThan(30)
  const forgotten = added.filter(
    ({ file, name }) => !texts.some((other) => other.file !== file && new RegExp(`\\b${name}\\b`).test(other.text)),
  )
  expect(forgotten).toEqual([])
})
