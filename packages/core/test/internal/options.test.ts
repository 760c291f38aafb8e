import { runInNewContext } from 'node:vm'
import { describe, expect, expectTypeOf, it } from 'vitest'
import {
  callable,
  choice,
  flag,
  having,
  listOf,
  nearestName,
  nested,
  number,
  oneOrMore,
  type OptionReaders,
  readOptions,
  recordOf,
  text,
  whole,
} from '../../src/internal.ts'

interface Store {
  readonly basePath?: string
  readonly names?: string | readonly string[]
}
interface Options {
  readonly required?: boolean
  readonly profiles?: readonly string[]
  readonly maxLifetime?: number
  readonly mode?: 'slow' | 'quick'
  readonly revocation?: () => boolean
  readonly store?: Store
  readonly stores?: Readonly<Record<string, Store>>
}

const STORE: OptionReaders<Store> = { basePath: text, names: oneOrMore(text) }
const READERS: OptionReaders<Options> = {
  required: flag,
  profiles: listOf(text),
  maxLifetime: number(1, 3600, 'seconds'),
  mode: choice('slow', 'quick'),
  revocation: callable<() => boolean>(),
  store: nested(STORE),
  stores: recordOf(nested(STORE)),
}
const read = (options: unknown): Options => readOptions<Options>(options, READERS)
const refusal = (message: string | RegExp) =>
  expect.objectContaining({ code: 'config_error', message: expect.stringMatching(message) })

describe('unknown names are refused with the nearest known one:', () => {
  it.each([
    [{ revokation: () => true }, 'there is no option "revokation": did you mean revocation?'],
    [{ maxLifetme: 5 }, 'there is no option "maxLifetme": did you mean maxLifetime?'],
    [{ profile: ['x'] }, 'there is no option "profile": did you mean profiles?'],
    [{ Required: false }, 'did you mean required?'],
    [{ max_lifetime: 5 }, 'did you mean maxLifetime?'],
    [{ rqeuired: true }, 'did you mean required?'],
    [{ store: { base_path: '/cms' } }, 'there is no option "base_path" in store: did you mean basePath?'],
    [
      { stores: { 'https://a.example': { basepath: '/' } } },
      'no option "basepath" in stores\\["https://a.example"\\]: did you mean',
    ],
    [{ telepathy: 1 }, 'there is no option "telepathy": known are required, profiles, maxLifetime,'],
    [{ unknown: undefined }, 'there is no option "unknown"'],
    [JSON.parse('{"__proto__": {"required": false}}'), 'there is no option "__proto__"'],
    [{ constructor: 1 }, 'there is no option "constructor"'],
  ])('%o', (options, message) => {
    expect(() => read(options)).toThrow(refusal(message))
  })
})

describe('values that are not what the option takes are refused, and what is text is not repeated:', () => {
  it.each<[object, string]>([
    [{ required: '' }, 'the option required must be true or false, not empty text'],
    [{ required: 0 }, 'the option required must be true or false, not 0'],
    [{ required: 'false' }, 'not text'],
    [{ required: null }, 'the option required is null: give it a value, or leave it out'],
    [{ profiles: 'a' }, 'the option profiles must be a list, not text'],
    [{ profiles: [] }, 'the option profiles is an empty list'],
    [{ profiles: ['a', ''] }, 'the option profiles\\[1\\] must be text that is not empty'],
    [{ profiles: Object.assign([], { length: 1 }) }, 'profiles\\[0\\] must be text that is not empty, not undefined'],
    [{ maxLifetime: '60' }, 'must be a number of seconds from 1 to 3600, not text'],
    [{ maxLifetime: 0 }, 'from 1 to 3600, not 0'],
    [{ maxLifetime: Number.NaN }, 'not NaN'],
    [{ mode: 'fast' }, 'must be one of "slow", "quick", not text'],
    [{ revocation: true }, 'must be a function, not true'],
    [{ revocation: {} }, 'must be a function, not an object'],
    [{ store: [] }, 'the option store must be an object, not a list'],
    [{ store: new Map([['basePath', '/']]) }, 'the option store must be an object'],
    [{ store: Promise.resolve({}) }, 'not a promise: await it'],
    [{ store: { names: [] } }, 'the option store.names is an empty list'],
    [{ stores: { a: null } }, 'the option stores\\["a"\\] is null'],
    [{ stores: { a: undefined } }, 'stores\\["a"\\] must be something'],
  ])('%o', (options, message) => {
    expect(() => read(options)).toThrow(refusal(message))
  })

  it.each([undefined, null, 'text', 5, [], new Map(), Promise.resolve({}), () => ({})])(
    'options that are %o',
    (options) => {
      expect(() => read(options)).toThrow(refusal('options must be an object'))
    },
  )

  it('a secret in the wrong place stays out of the message', () => {
    expect(() => read({ required: 'hunter2' })).not.toThrow(refusal('hunter2'))
  })
})

describe('what counts as given', () => {
  it('is copied, and what is undefined is not given', () => {
    const options = { required: false, profiles: ['a'], maxLifetime: undefined }
    const copy = read(options)
    expect(copy).toEqual({ required: false, profiles: ['a'] })
    options.profiles.push('b')
    expect(copy.profiles).toEqual(['a'])
  })

  it('a getter is asked once', () => {
    let asked = 0
    const options = Object.defineProperty({}, 'maxLifetime', {
      enumerable: true,
      get: () => {
        asked += 1
        return asked
      },
    })
    expect(read(options).maxLifetime).toBe(1)
    expect(asked).toBe(1)
  })

  it('what is inherited counts, so that defaults are not lost, and is checked like the rest', () => {
    class Defaults {
      required = true
      get ignored(): boolean {
        return true
      }
    }
    class Mine extends Defaults {
      maxLifetime = 5
    }
    expect(read(new Mine())).toEqual({ required: true, maxLifetime: 5 })
    expect(read(Object.assign(Object.create({ required: false }), { maxLifetime: 5 }))).toEqual({
      required: false,
      maxLifetime: 5,
    })
    // oxlint-disable-next-line no-proto -- as somebody may write it
    expect(read({ __proto__: { required: false } })).toEqual({ required: false })
    expect(() => read(Object.create({ requird: false }))).toThrow(refusal('did you mean required'))
    expect(read(Object.assign(Object.create(null), { required: true }))).toEqual({ required: true })
  })

  it('a getter or method of a class counts, though a class does not enumerate them: what it closes would be open', () => {
    class Mine {
      get required(): boolean {
        return true
      }
      get profiles(): string {
        return 'none'
      }
    }
    expect(() => read(new Mine())).toThrow(refusal('profiles'))
    class Strict {
      get required(): boolean {
        return true
      }
    }
    expect(read(new Strict())).toEqual({ required: true })
    expect(read(Object.defineProperty({}, 'required', { value: true }))).toEqual({ required: true })
  })

  it('what somebody put on Object.prototype is nobody’s option', () => {
    const polluted = Object.prototype as unknown as Record<string, unknown>
    polluted['required'] = false
    try {
      expect(read({ maxLifetime: 5 })).toEqual(Object.assign(Object.create(null), { maxLifetime: 5 }))
      expect(Object.hasOwn(read({}), 'required')).toBe(false)
    } finally {
      delete polluted['required']
    }
    expect(read(runInNewContext('Object.prototype.required = false; ({ maxLifetime: 5 })'))).toEqual({ maxLifetime: 5 })
  })

  it('a record has every name that it was given, and no other', () => {
    const stores = read({ stores: JSON.parse('{"__proto__": {"basePath": "/x"}, "b": {}}') }).stores!
    expect(Object.entries(stores)).toEqual([
      ['__proto__', { basePath: '/x' }],
      ['b', {}],
    ])
    expect('toString' in stores).toBe(false)
  })
})

it('objects with methods are used as they are', () => {
  const clock = new (class {
    now(): number {
      return 5
    }
  })()
  expect(having('now', 'a clock')(clock, 'clock')).toBe(clock)
  expect(() => having('now', 'a clock')({}, 'clock')).toThrow(
    refusal('the option clock must be a clock, not an object'),
  )
})

it('whole numbers are whole', () => {
  expect(whole(0, 5, 'keys')(5, 'x')).toBe(5)
  expect(() => whole(0, 5, 'keys')(1.5, 'x')).toThrow(refusal('must be a whole number of keys'))
})

it('the nearest name is near', () => {
  const known = ['audience', 'audienceCheck', 'issuers', 'keys', 'basePath', 'cache']
  expect(nearestName('issuer', known)).toBe('issuers')
  expect(nearestName('base-path', known)).toBe('basePath')
  expect(nearestName('key', known)).toBe('keys')
  expect(nearestName('audi', known)).toBe('audience')
  expect(nearestName('chache', known)).toBe('cache')
  for (const far of ['x', '', '_', 'telepathy', 'algorithms']) expect(nearestName(far, known)).toBeUndefined()
})

it('a table that lacks an option, has one too many, or reads something else does not compile', () => {
  // @ts-expect-error -- an option without a reader
  const lacking: OptionReaders<Store> = { basePath: text }
  // @ts-expect-error -- a reader without an option
  const tooMany: OptionReaders<Store> = { ...STORE, base_path: text }
  // @ts-expect-error -- another type than the option's
  const other: OptionReaders<Store> = { ...STORE, basePath: flag }
  const tables: readonly object[] = [lacking, tooMany, other]
  expect(tables).toHaveLength(3)
  expectTypeOf<keyof OptionReaders<Options>>().toEqualTypeOf<keyof Options>()
})
