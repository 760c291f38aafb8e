// `npm run release`: builds, proves the archives, publishes what is newer than in the registry, and tags it.
import { join } from 'node:path'
import { root, run } from './process.ts'

const steps: readonly (readonly [string, ...string[]])[] = [
  ['node', join(root, 'tools', 'check.ts'), 'build', 'pack', 'packaging', 'api', 'dist'],
  ['changeset', 'publish'],
]
for (const [command, ...args] of steps) {
  if ((await run(command, args)) !== 0) {
    process.exitCode = 1
    break
  }
}
