import { CLIENT_PROPERTY_READERS, LOGIN_KINDS, STORAGE_ENGINES } from '@scitokens/issuer/internal'
import { expect, test } from 'vitest'
import type { z } from 'zod'
import { clientBlock } from '../../src/config/client-block.ts'
import { loginBlock } from '../../src/config/login-block.ts'
import { keysAt } from '../../src/config/schema-keys.ts'
import { storageBlock } from '../../src/config/storage-block.ts'

// What the issuer takes can stand in the file. Whoever adds an option to one of both is told here of the other.

/** The keys of each form that a block has. */
function formsOf(block: z.ZodType): readonly (readonly string[])[] {
  return (block as unknown as z.ZodUnion<readonly z.ZodType[]>).options.map((form) => keysAt(form, []))
}

test('each property of a client can stand in the file, and no other', () => {
  const properties = [...Object.keys(CLIENT_PROPERTY_READERS), 'clientId', 'clientSecret']
  expect(keysAt(clientBlock, []).toSorted()).toEqual(properties.toSorted())
})

test.each([
  ['refresh', false],
  ['exchange', false],
  ['certificates', true],
  ['assertions', true],
] as const)('each key of the property %s is one that the issuer knows', (name, isList) => {
  const keys = keysAt(clientBlock, isList ? [name, 0] : [name])
  expect(keys.length).toBeGreaterThan(0)
  const read = (key: string) => {
    const value = { [key]: undefined }
    return CLIENT_PROPERTY_READERS[name](isList ? [value] : value, name)
  }
  expect(() => read('nobody')).toThrow('nobody')
  for (const key of keys) expect(() => read(key), key).not.toThrow()
})

test('each login kind has a form of its own in the file, with its options', () => {
  expect(formsOf(loginBlock).flat().toSorted()).toEqual(LOGIN_KINDS.map(({ chosenBy }) => chosenBy).toSorted())
  for (const { chosenBy, options } of LOGIN_KINDS) {
    // Of the whole file, and no option of one login.
    const own = options.filter((name) => name !== 'dangerouslyAllowLoopbackHttp')
    expect({ chosenBy, keys: keysAt(loginBlock, [chosenBy]).toSorted() }).toEqual({ chosenBy, keys: own.toSorted() })
  }
})

/** A store of one's own is an object, which no file can hold; memory is written `file: ':memory:'`. */
const NOT_IN_A_FILE = ['memory', 'store']

test('each storage engine has a form of its own in the file, with its options', () => {
  const engines = STORAGE_ENGINES.filter(({ chosenBy }) => !NOT_IN_A_FILE.includes(chosenBy))
  const options = engines.map((engine) => engine.options.toSorted().join())
  expect(
    formsOf(storageBlock)
      .map((keys) => keys.toSorted().join())
      .toSorted(),
  ).toEqual(options.toSorted())
})
