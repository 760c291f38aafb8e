import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from './fences.ts'

const pages = ['*.md', 'docs/**/*.md', 'packages/*/README.md', 'examples/**/*.md']
const everyPage = globSync(pages, { cwd: root, exclude: (path) => path.includes('node_modules') })

test.each(everyPage)('%s links only to what exists', (path) => {
  const text = readFileSync(join(root, path), 'utf8').replaceAll(/^```.*?^```$/gms, '')
  const targets = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map((match) => match[1] ?? '')
  expect(targets.filter((target) => !existsSync(join(root, dirname(path), target)))).toEqual([])
})

test('docs/index.md names every page of docs/', () => {
  const index = readFileSync(join(root, 'docs', 'index.md'), 'utf8')
  const forgotten = globSync('**/*.md', { cwd: join(root, 'docs') }).filter((page) => !index.includes(`(${page})`))
  expect(forgotten).toEqual(['index.md'])
})
