import { describe, it, type SuiteOptions, test, type TestOptions } from 'vitest'
import { askFor } from './asked.ts'
import { find, missing } from './programs.ts'

declare module 'vitest' {
  interface TaskMeta {
    /** Programs for lack of which a test was left out. */
    missingPrograms?: readonly string[]
  }
}

/**
 * Options of a test, or of a `describe`, that starts programs: where one is missing, it is left out, and `npm test` says so
 * at its end. In continuous integration nothing is left out: there a missing program throws.
 *
 * @example
 * test('each alert fires when it should', needs('promtool'), async () => { … })
 */
export function needs(...programs: readonly string[]): SuiteOptions & TestOptions {
  const lost = programs.filter((name) => {
    askFor(name)
    return find(name) === undefined
  })
  if (lost.length === 0) return {}
  if (process.env['CI']) throw new Error(lost.map(missing).join('; '))
  return { skip: true, meta: { missingPrograms: lost } }
}

/**
 * The functions of vitest for a file whose tests all start programs, or share a hook that does.
 *
 * @example
 * const { describe, test } = needing('openssl')
 */
export function needing(...programs: readonly string[]): {
  readonly describe: typeof describe
  readonly it: typeof it
  readonly test: typeof test
} {
  const options = needs(...programs)
  if (options.skip !== true) return { describe, it, test }
  return { describe: withOptions(describe, options), it: withOptions(it, options), test: withOptions(test, options) }
}

/** The same function with options given to whatever it declares: after the title, `test('title', options, …)`. */
function withOptions<Declare extends object>(declare: Declare, options: object): Declare {
  return new Proxy(declare, {
    apply(target, self, args: readonly unknown[]) {
      const [title, ...rest] = args
      const given = rest.filter((value) => typeof value === 'object')
      const others = rest.filter((value) => typeof value !== 'object')
      const declares = rest.some((value) => typeof value === 'function')
      const handed = declares ? [title, Object.assign({}, ...given, options), ...others] : args
      const result: unknown = Reflect.apply(target as (...handed: readonly unknown[]) => unknown, self, handed)
      return typeof result === 'function' ? withOptions(result, options) : result
    },
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? withOptions(value, options) : value
    },
  })
}
