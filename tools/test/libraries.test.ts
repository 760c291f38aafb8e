// What a library brings along, and what it never looks at.
import { createRequire } from 'node:module'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from '../process.ts'

interface Manifest {
  readonly name: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
const names = readdirSync(join(root, 'packages'))

/** Other people's packages that an install of a package of ours brings along, at whatever depth. */
function broughtAlong(folder: string, seen: Set<string> = new Set<string>()): ReadonlySet<string> {
  const { dependencies = {}, optionalDependencies = {} } = manifestOf(folder)
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    if (seen.has(name)) continue
    seen.add(name)
    broughtAlong(folderOf(name, folder), seen)
  }
  return new Set([...seen].filter((name) => !name.startsWith('@scitokens/')))
}

/** Where a dependency is installed. Its manifest need not be among its exports. */
function folderOf(name: string, from: string): string {
  const places = createRequire(join(from, 'package.json')).resolve.paths(name) ?? []
  const place = places.find((folder) => {
    try {
      return manifestOf(join(folder, name)).name === name
    } catch {
      return false
    }
  })
  if (place === undefined) throw new Error(`${name} is not installed for ${from}`)
  return join(place, name)
}

describe('what an install brings along', () => {
  test.each(['core', 'host', 'keycache', 'enforcer'])('%s: nothing of other people but jose', (name) => {
    expect([...broughtAlong(join(root, 'packages', name))]).toEqual(['jose'])
  })

  test('the log, the ini file and what they need come with environment alone', () => {
    expect(broughtAlong(join(root, 'packages', 'environment'))).toContain('pino')
  })
})

describe('libraries read no environment', () => {
  // Programs: they are started by somebody, in an environment that somebody made for them.
  const programs = ['cli', 'issuer-server', 'token-generator', 'storage']

  test('only programs depend on environment', () => {
    const users = names.filter((name) => {
      const { dependencies, peerDependencies, optionalDependencies, devDependencies } = manifestOf(
        join(root, 'packages', name),
      )
      return (
        '@scitokens/environment' in
        { ...dependencies, ...peerDependencies, ...optionalDependencies, ...devDependencies }
      )
    })
    expect(users.filter((name) => !programs.includes(name))).toEqual([])
    expect(users).toContain('cli')
  })

  test('and turbo allows it to no other package', () => {
    const { boundaries } = JSON.parse(readFileSync(join(root, 'turbo.json'), 'utf8')) as {
      boundaries: { tags: Record<string, { dependencies: { allow: readonly string[] } }> }
    }
    const allowed = names.filter((name) => boundaries.tags[name]?.dependencies.allow.includes('environment'))
    expect(allowed.filter((name) => !programs.includes(name))).toEqual([])
  })
})
