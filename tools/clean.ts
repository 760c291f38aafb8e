// `npm run clean`: removes what a build, a test run or the type check left; `-- --all` also the dependencies and the toolchain.
import { globSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './process.ts'

const members = ['packages/*', 'examples/*', 'tests/*']
const left = ['dist', 'temp', 'coverage', '.turbo', 'node_modules/.cache']
const all = process.argv.includes('--all') ? ['node_modules'] : []
const patterns = ['.', ...members].flatMap((folder) => [...left, ...all].map((name) => `${folder}/${name}`))
for (const path of globSync(patterns, { cwd: root })) rmSync(join(root, path), { recursive: true, force: true })
if (all.length > 0) rmSync(join(root, '.toolchain'), { recursive: true, force: true })
