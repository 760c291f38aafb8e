import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

// Tests run from the sources of every package: the export condition spares a build.
const conditions = ['@scitokens/source']
const inGroups = ['packages', 'examples', 'tests'].flatMap((group) => {
  const folder = join(import.meta.dirname, group)
  return existsSync(folder) ? readdirSync(folder).map((name) => ({ name, root: join(folder, name) })) : []
})
const projects = [...inGroups, { name: 'tools', root: join(import.meta.dirname, 'tools') }]
  .filter(({ root }) => existsSync(join(root, 'test')))
  // A folder with a configuration of its own needs something first (a build, a peer) and is run by a script of its own.
  .filter(({ root }) => !existsSync(join(root, 'vitest.config.ts')))

export default defineConfig({
  test: {
    projects: projects.map(({ name, root }) => ({
      resolve: { conditions },
      ssr: { resolve: { conditions } },
      test: {
        name,
        root,
        include: ['test/**/*.test.ts'],
        // Guards against hanging, not expectations: a busy machine with a slow disk starts a process in seconds.
        testTimeout: 120_000,
        hookTimeout: 120_000,
        expect: { poll: { timeout: 60_000 } },
      },
    })),
    coverage: { provider: 'v8' as const, include: ['packages/*/src/**'] },
  },
})
