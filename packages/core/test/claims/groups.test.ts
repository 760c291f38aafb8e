import { expect, test } from 'vitest'
import { isGroupName, parseGroups } from '../../src/internal.ts'
import { refusal } from '../refusal.ts'

test('groups keep their order; names outside the grammar can match nothing and are left out', () => {
  expect(parseGroups(['/cms/uscms', 'cms', '/cms', '/a//b', '/.x', '/cms/', '/x/y.z-1_2'])).toEqual([
    '/cms/uscms',
    '/cms',
    '/x/y.z-1_2',
  ])
})

test.each([['/cms'], [{ a: 1 }], [['/cms', 5]], [null]])('%j is no list of groups', async (value) => {
  expect(await refusal(() => parseGroups(value as never))).toBe('not_acceptable invalid_claim')
})

test('a group name is a path of words', () => {
  expect(['/a', '/A/b-c/0', '/a/..'].map(isGroupName)).toEqual([true, true, false])
})
