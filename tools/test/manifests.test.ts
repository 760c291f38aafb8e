import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { packages } from '../packages.ts'
import { root } from '../process.ts'

const json = (...path: string[]): unknown => JSON.parse(readFileSync(join(root, ...path), 'utf8'))

interface FullManifest {
  readonly license: string
  readonly type: string
  readonly engines: { readonly node: string }
  readonly dependencies?: Readonly<Record<string, string>>
}

/** Drops the condition that only resolves in the work tree. */
function withoutSource(target: unknown): unknown {
  if (typeof target !== 'object' || target === null) return target
  return Object.fromEntries(
    Object.entries(target)
      .filter(([condition]) => condition !== '@scitokens/source')
      .map(([key, value]) => [key, withoutSource(value)]),
  )
}

describe.for(packages.map(({ id, manifest }) => ({ id, manifest })))('the manifest of $id', ({ id, manifest }) => {
  const full = json('packages', id, 'package.json') as FullManifest

  test('states licence, module type and the Node versions it runs on', () => {
    expect(full).toMatchObject({
      license: 'Apache-2.0',
      type: 'module',
      engines: { node: '^22.22.2 || ^24.15.0 || >=26' },
    })
  })

  test('publishes the entries that the work tree has', () => {
    expect(manifest.publishConfig.exports).toEqual(withoutSource(manifest.exports))
  })

  test('builds after the packages it depends on', () => {
    const { references } = json('packages', id, 'tsconfig.build.json') as {
      references: { path: string }[]
    }
    const siblings = Object.keys(full.dependencies ?? {}).filter((name) => name.startsWith('@scitokens/'))
    expect(references.map(({ path }) => path).toSorted()).toEqual(
      siblings.map((name) => `../${name.slice('@scitokens/'.length)}/tsconfig.build.json`).toSorted(),
    )
  })
})

test('changesets gives all packages one version', () => {
  expect(json('.changeset', 'config.json')).toMatchObject({ fixed: [['@scitokens/*']] })
  expect(new Set(packages.map(({ manifest }) => manifest.version)).size).toBe(1)
})

test('the toolchain is pinned in one place each', () => {
  const rootManifest = json('package.json') as { packageManager: string }
  expect(rootManifest.packageManager).toMatch(/^pnpm@12\.\d+\.\d+$/)
  expect(readFileSync(join(root, '.node-version'), 'utf8').trim()).toMatch(/^24\.\d+\.\d+$/)
})
