// The picture of docs/architecture.md: every package with its wings, each standing on those it imports.
// Fails when docs/architecture.svg shows something else; `--update` draws it anew.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { drawHouse, readHouse } from './draw-house.ts'
import { root } from './process.ts'

const file = join(root, 'docs', 'architecture.svg')
const picture = await drawHouse(readHouse())
if (process.argv.includes('--update')) writeFileSync(file, picture)
else if (readFileSync(file, 'utf8') !== picture) {
  console.error('docs/architecture.svg does not show the packages as they are: run npm run picture and commit it.')
  process.exitCode = 1
}
