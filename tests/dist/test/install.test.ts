import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Consumer, type Manifest, tarballs } from './consumer.ts'

const consumer = new Consumer()
const compilers = {
  'typescript-5': 'typescript@5.9.3',
  'typescript-6': 'typescript@6.0.3',
  'typescript-7': 'typescript@7.0.2',
}
const others = ['express@5', '@types/express@5', 'fastify@5', '@types/node@24']
let entries: string[]

beforeAll(() => {
  consumer.install([
    ...Object.values(tarballs),
    ...others,
    ...Object.entries(compilers).map(([alias, spec]) => `${alias}@npm:${spec}`),
  ])
  entries = Object.keys(tarballs).flatMap((id) => {
    const manifest = JSON.parse(
      readFileSync(join(consumer.folder, 'node_modules', '@scitokens', id, 'package.json'), 'utf8'),
    ) as Manifest
    return Object.entries(manifest.exports)
      .filter(([, target]) => typeof target === 'object')
      .map(([subpath]) => `@scitokens/${id}${subpath.slice(1)}`)
  })
})
afterAll(() => consumer.remove())

test('installs one copy of each package, although they depend on each other', () => {
  const tree = consumer.run('npm', ['ls', '--all', '--parseable']).split('\n')
  const copies = tree.filter((path) => /@scitokens\/[a-z0-9-]+$/.test(path))
  expect(copies).toHaveLength(Object.keys(tarballs).length)
})

test('every entry is loaded by import and by require, and gives both the same', () => {
  consumer.write(
    'load.cjs',
    `(async () => {
  for (const entry of ${JSON.stringify(entries)}) {
    const required = require(entry)
    if (required !== (await import(entry))) throw new Error(entry + ' exists twice')
    console.log(entry, Object.keys(required).length)
  }
})()`,
  )
  const lines = consumer.run('node', ['load.cjs']).trim().split('\n')
  expect(lines.map((line) => line.split(' ')[0])).toEqual(entries)
  // What only adds types to a framework has no values.
  const empty = lines.filter((line) => line.endsWith(' 0'))
  expect(empty).toEqual(['@scitokens/express-middleware/augment 0'])
})

test('plain require() signs, verifies and decides', () => {
  consumer.write(
    'decide.cjs',
    `const { createTestIssuer } = require('@scitokens/core/testing')
const { Enforcer } = require('@scitokens/enforcer')
const audience = 'https://storage.example'
createTestIssuer().then(async ({ issuer, keys, sign }) => {
  const enforcer = new Enforcer({ issuers: [issuer], audience, keys })
  const token = await sign({ aud: audience, scope: 'read:/store' })
  for (const path of ['/store/a', '/other']) console.log((await enforcer.decide(token, { authz: 'read', path })).allowed)
})`,
  )
  expect(consumer.run('node', ['decide.cjs'])).toBe('true\nfalse\n')
})

test('the token generator brings its finished page: nothing is bundled at run time', () => {
  consumer.write(
    'demo.cjs',
    `const { openDemo } = require('@scitokens/token-generator')
openDemo({ issuer: 'https://demo.example' }).then(async (demo) => {
  const address = await demo.listen()
  const page = await (await fetch(address + '/')).text()
  const script = await fetch(address + '/' + /src="(assets.app-[^"]+js)"/.exec(page)[1])
  console.log(script.status, script.headers.get('content-type'))
  await demo.close()
})`,
  )
  expect(consumer.run('node', ['demo.cjs'])).toBe('200 text/javascript; charset=utf-8\n')
  expect(consumer.run('npm', ['ls', '--all', '--parseable'])).not.toMatch(/rolldown|esbuild/)
})

describe.for(Object.keys(compilers))('%s', (compiler) => {
  const check = (options: object, source: string): string => {
    consumer.write('consumer.ts', source)
    consumer.write(
      'tsconfig.json',
      JSON.stringify({
        compilerOptions: { strict: true, noEmit: true, target: 'ES2023', types: ['node'], ...options },
        files: ['consumer.ts'],
      }),
    )
    return consumer.run('node', [join('node_modules', compiler, 'bin', 'tsc'), '-p', '.'])
  }
  const source = (): string =>
    entries.map((entry, index) => `import * as entry${index} from '${entry}'\nvoid entry${index}\n`).join('')

  test('compiles against the declarations of every entry, which are checked too', () => {
    expect(check({ module: 'nodenext', skipLibCheck: false }, source())).toBe('')
  })

  test('compiles for a bundler', () => {
    expect(check({ module: 'esnext', moduleResolution: 'bundler', skipLibCheck: true }, source())).toBe('')
  })

  test('knows the types: a wrong argument is refused', () => {
    expect(() =>
      check(
        { module: 'nodenext', skipLibCheck: true },
        "import { SciToken } from '@scitokens/core'\nSciToken.decode(42)\n",
      ),
    ).toThrow(/TS2345/)
  })
})

test('the command scitokens is installed', () => {
  expect(consumer.run('npm', ['exec', '--offline', '--', 'scitokens', '--version']).trim()).toMatch(
    /^(scitokens )?\d+\.\d+\.\d+/,
  )
})
