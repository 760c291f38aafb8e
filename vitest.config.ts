import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

// Tests run from the sources of every package: the export condition spares a build.
const conditions = ['@scitokens/source']
const projects = ['packages', 'examples', 'tests']
  .map((group) => join(import.meta.dirname, group))
  .filter((group) => existsSync(group))
  .flatMap((group) =>
    readdirSync(group, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && existsSync(join(group, entry.name, 'test')))
      .map((entry) => ({ name: entry.name, root: join(group, entry.name) })),
  )

export default defineConfig({
  test: {
    projects: projects.map(({ name, root }) => ({
      resolve: { conditions },
      ssr: { resolve: { conditions } },
      test: { name, root, include: ['test/**/*.test.ts'], testTimeout: 20_000, hookTimeout: 30_000 },
    })),
    coverage: { provider: 'v8' as const, include: ['packages/*/src/**'] },
  },
})
