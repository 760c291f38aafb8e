import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './process.ts'

type Target = string | { readonly [condition: string]: Target }

/** What we read of a published package's `package.json`. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly exports: Readonly<Record<string, Target>>
  readonly publishConfig: { readonly exports: Readonly<Record<string, Target>> }
  readonly bin?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
}

/** A package of `packages/`, all of which are published. */
export interface Package {
  /** Name of its folder, `core`. */
  readonly id: string
  readonly folder: string
  readonly manifest: Manifest
  /** Its TypeScript entries: `{ subpath: './node', types: 'dist/node/index.d.ts' }`. */
  readonly entries: readonly { readonly subpath: string; readonly types: string }[]
}

export const packages: readonly Package[] = readdirSync(join(root, 'packages')).map((id) => {
  const folder = join(root, 'packages', id)
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
  const entries = Object.entries(manifest.publishConfig.exports).flatMap(([subpath, target]) => {
    const types = typeof target === 'string' ? undefined : target['types']
    return typeof types === 'string' ? [{ subpath, types }] : []
  })
  return { id, folder, manifest, entries }
})
