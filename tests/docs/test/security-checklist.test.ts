// Pages that name tests: their lists must not rot when tests are renamed, and docs/security.md must not lose a section.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from './fences.ts'

const text = readFileSync(join(root, 'docs', 'security.md'), 'utf8')

/** What a page names as `place: title`. */
function namedIn(page: string): { place: string; title: string }[] {
  const named = readFileSync(join(root, 'docs', page), 'utf8').matchAll(/`([a-z0-9-]+\/[a-z0-9./-]+): ([^`]+)`/g)
  return [...named].map(([, place, title]) => ({ place: place!, title: title! }))
}

function fileOf(place: string): string {
  const [group, ...rest] = place.split('/')
  const folder = group === 'interop' ? join('tests', 'interop') : join('packages', group!)
  return join(root, folder, 'test', `${rest.join('/')}.test.ts`)
}

/** Whether a file has a test, or a group of tests, of this title. */
function hasTest(source: string, title: string): boolean {
  const quoted = [`'${title.replaceAll("'", "\\'")}'`, `"${title}"`, `\`${title}\``]
  return quoted.some((one) => {
    const at = source.indexOf(one)
    return at !== -1 && /\(\s*$/.test(source.slice(0, at))
  })
}

test.each([
  ['security.md', 100],
  ['issuer.md', 20],
])('every test that docs/%s names exists, by file and title', (page, least) => {
  const named = namedIn(page)
  expect(named.length).toBeGreaterThan(least)
  const missing = named.filter(({ place, title }) => {
    const file = fileOf(place)
    return !existsSync(file) || !hasTest(readFileSync(file, 'utf8'), title)
  })
  expect(missing).toEqual([])
})

/** The rows of the tables below a heading: sections, and what shows them. */
function rowsBelow(heading: string): { sections: string[]; shown: string }[] {
  const chapter = text.split('\n## ').find((part) => part.startsWith(heading)) ?? ''
  return [...chapter.matchAll(/^\| ([\d., –]+) \|.*\| ([^|]+) \|$/gm)].map(([, sections, shown]) => ({
    sections: sections!.split(', '),
    shown: shown!,
  }))
}

describe.each([
  ['RFC 9700', ['2.1', '2.1.1', '2.1.2', '2.2.1', '2.2.2', '2.3', '2.4', '2.5', '2.6', ...upTo('4', 17)]],
  [
    'RFC 6819',
    [
      ...upTo('4.1', 5),
      ...upTo('4.2', 4),
      ...upTo('4.3', 5),
      ...upTo('4.4.1', 13),
      '4.4.2',
      '4.4.3',
      '4.4.4',
      ...upTo('4.5', 4),
      ...upTo('4.6', 7),
      ...upTo('5', 5),
    ],
  ],
  ['The device flow', upTo('5', 6)],
])('%s', (heading, sections) => {
  const rows = rowsBelow(heading)

  test('has every section', () => {
    const there = rows.flatMap((row) => row.sections)
    const isThere = (section: string): boolean => there.some((one) => one === section || one.startsWith(`${section}.`))
    expect(sections.filter((section) => !isThere(section))).toEqual([])
  })

  test('says for each item which test shows it, or why it does not apply', () => {
    const silent = rows.filter(({ shown }) => !/`[a-z-]+\/.+: .+`|^Does not apply: |\bas \d/.test(shown))
    expect(silent).toEqual([])
  })
})

function upTo(prefix: string, last: number): string[] {
  return Array.from({ length: last }, (_, index) => `${prefix}.${index + 1}`)
}
