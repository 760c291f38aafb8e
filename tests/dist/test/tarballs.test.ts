import { needing } from '@scitokens-tests/programs'
import { spawnSync } from '@scitokens-tests/programs/processes'
import { expect } from 'vitest'
import { type Manifest, tarballs } from './consumer.ts'

const { describe, test } = needing('tar')

const tar = (...args: string[]): string => {
  const result = spawnSync('tar', args, { encoding: 'utf8' })
  if (result.status !== 0) throw new Error(result.stderr)
  return result.stdout
}

test('there is an archive of each package', () => {
  expect(Object.keys(tarballs).toSorted()).toEqual([
    'cli',
    'conformance',
    'core',
    'enforcer',
    'environment',
    'express-middleware',
    'fastify-plugin',
    'host',
    'issuer',
    'issuer-server',
    'keycache',
    'service',
    'token-generator',
    'token-manager',
    'x509',
  ])
})

describe.for(Object.entries(tarballs))('the archive of %s', ([, tarball]) => {
  const files = tar('-tzf', tarball)
    .trim()
    .split('\n')
    .map((file) => file.replace(/^package\//, ''))
  const manifest = JSON.parse(tar('-xzOf', tarball, 'package/package.json')) as Manifest

  test('holds the manifest, a README and the licence', () => {
    expect(files).toEqual(expect.arrayContaining(['package.json', 'README.md', 'LICENSE']))
  })

  test('holds code, declarations and maps of every source file, and the sources that the maps name', () => {
    const sources = files.filter((file) => /^src\/.*\.ts$/.test(file))
    expect(sources.length).toBeGreaterThan(0)
    const built = sources.flatMap((file) => {
      const stem = file.replace(/^src/, 'dist').replace(/\.ts$/, '')
      return [`${stem}.js`, `${stem}.js.map`, `${stem}.d.ts`, `${stem}.d.ts.map`]
    })
    const compiled = files.filter((file) => /^dist\/(?!bundle\/).*\.(js|d\.ts)(\.map)?$/.test(file))
    expect(compiled.toSorted()).toEqual(built.toSorted())
  })

  test('holds no tests, build state, reports or configuration', () => {
    expect(
      files.filter((file) => /(^|\/)(test|bench|etc|temp|node_modules)\/|tsbuildinfo|tsconfig|turbo/.test(file)),
    ).toEqual([])
  })

  test('names real versions and built entries only', () => {
    expect(JSON.stringify(manifest.dependencies ?? {})).not.toMatch(/workspace:|catalog:/)
    expect(JSON.stringify(manifest.exports)).not.toMatch(/@scitokens\/source|src\//)
    for (const target of JSON.stringify(manifest.exports).matchAll(/"\.\/(dist\/[^"*]+)"/g)) {
      expect(files).toContain(target[1])
    }
  })
})

test('the archive of token-generator holds the finished page', () => {
  const page = JSON.parse(tar('-xzOf', tarballs['token-generator']!, 'package/dist/page/page.json')) as Record<
    string,
    string
  >
  expect(Object.keys(page)).toEqual(expect.arrayContaining(['index.html', 'worker.js']))
  expect(page['index.html']).toContain('<!doctype html>')
})

test('only the archive of core holds bundles, one for each of its entries and what they share', () => {
  const bundles = Object.entries(tarballs).flatMap(([name, tarball]) =>
    tar('-tzf', tarball)
      .split('\n')
      .filter((file) => /^package\/dist\/bundle\/.*\.js$/.test(file))
      .map((file) => file.replace('package', name)),
  )
  expect(bundles.toSorted()).toEqual(
    ['core', 'index', 'internal', 'testing'].map((entry) => `core/dist/bundle/${entry}.js`),
  )
})
