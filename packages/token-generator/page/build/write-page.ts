// Part of `npm run build`: writes the finished page where the built package looks for it.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundlePage } from './bundle-page.ts'

const folder = join(import.meta.dirname, '..', '..', 'dist', 'page')
mkdirSync(folder, { recursive: true })
writeFileSync(join(folder, 'page.json'), JSON.stringify(await bundlePage()))
