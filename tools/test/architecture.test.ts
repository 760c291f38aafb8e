import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { packages } from '../packages.ts'
import { root } from '../process.ts'

const page = readFileSync(join(root, 'docs', 'architecture.md'), 'utf8')
const codeWords = [...page.matchAll(/`([^`\n]+)`/g)].map(([, word = '']) => word)

test('each file that docs/architecture.md names is there', () => {
  const files = codeWords.filter((word) => /^(packages|tools|docs)\//.test(word))
  expect(files.length).toBeGreaterThan(20)
  expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([])
})

test('each code in its tables is one that docs/errors.md explains, or one of OAuth', () => {
  const errors = readFileSync(join(root, 'docs', 'errors.md'), 'utf8')
  const oauth = readFileSync(join(root, 'packages', 'issuer', 'src', 'http', 'oauth-error.ts'), 'utf8')
  const codes = page
    .split('\n')
    .filter((line) => line.startsWith('|') && line.split('|').length === 5)
    .flatMap((line) => [...line.split('|')[3]!.matchAll(/`([a-z0-9_]+)`/g)].map(([, code]) => code))
  expect(codes.length).toBeGreaterThan(10)
  expect(codes.filter((code) => !errors.includes(`\`${code}\``) && !oauth.includes(`'${code}'`))).toEqual([])
})

for (const { id, folder } of packages) {
  test(`it says of each wing of ${id} what it holds`, () => {
    const row = (name: string): boolean => page.includes(`\n| \`${name}\` | `)
    const wings = readdirSync(join(folder, 'src'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => `${id}/${entry.name}`)
    expect(wings.filter((wing) => !row(wing))).toEqual([])
  })
}
