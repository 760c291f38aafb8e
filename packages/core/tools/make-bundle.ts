// The last step of the build: `dist/bundle`, where each entry is one file for Node, Deno and Bun. Node needs longer to find and
// open forty small modules than to run them. Bundlers take the small modules, of which they leave out what is not used.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { rolldown } from 'rolldown'

const root = join(import.meta.dirname, '..')
const directory = join(root, 'dist', 'bundle')
rmSync(directory, { recursive: true, force: true })
const bundle = await rolldown({
  cwd: root,
  // Together, so that what they share exists once: a SigningKey of one entry is a SigningKey of the others.
  input: {
    index: 'src/index.ts',
    internal: 'src/internal.ts',
    testing: 'src/testing.ts',
  },
  platform: 'node',
  // Dependencies stay what they are; `#signature` is Node's.
  external: /^(?:node:|[a-z@])/,
  resolve: { conditionNames: ['@scitokens/source', 'node', 'import', 'default'] },
})
await bundle.write({
  dir: directory,
  format: 'esm',
  sourcemap: true,
  comments: false,
  chunkFileNames: '[name].js',
  codeSplitting: { groups: [{ name: 'core', test: /[\\/]src[\\/]/, minShareCount: 2 }] },
})
await bundle.close()
