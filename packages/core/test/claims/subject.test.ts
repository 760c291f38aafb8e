import { expect, test } from 'vitest'
import { isSubject } from '../../src/internal.ts'

test.each([['ana'], ['Ana Li'], ['a'.repeat(255)], ['https://orcid.org/0000-0001']])(
  '%j can be a subject',
  (subject) => {
    expect(isSubject(subject)).toBe(true)
  },
)

test.each([[''], [' ana'], ['ana '], ['a'.repeat(256)], ['añá'], ['a\nb'], [7], [null], [undefined], [['ana']]])(
  '%j cannot',
  (subject) => {
    expect(isSubject(subject)).toBe(false)
  },
)
