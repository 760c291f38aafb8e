import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { spawnSync } from '@scitokens-tests/programs/processes'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'

// Whole programs, type-checked by the real compiler: what one program augments must not show in another.

const here = import.meta.dirname
let directory: string
beforeAll(() => {
  mkdirSync(join(here, '..', 'temp'), { recursive: true })
  directory = mkdtempSync(join(here, '..', 'temp', 'augment-'))
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

function compile(name: string, program: string): string {
  const file = join(directory, `${name}.ts`)
  writeFileSync(file, program)
  const config = join(directory, `${name}.json`)
  const compilerOptions = {
    noEmit: true,
    composite: false,
    isolatedDeclarations: false,
    declaration: false,
    declarationMap: false,
  }
  writeFileSync(
    config,
    JSON.stringify({ extends: '../../../../tsconfig.base.json', compilerOptions, files: [`./${name}.ts`] }),
  )
  const tsc = join(here, '..', 'node_modules', '.bin', 'tsc')
  return spawnSync(tsc, ['-p', config], { encoding: 'utf8' }).stdout
}

it('getAuth needs no augmentation, and without it nothing is said about req.auth', () => {
  const program = (line: string): string => `
    import express from 'express'
    import { getAuth } from '@scitokens/express-middleware'
    express().get('/', (req) => { ${line} })
  `
  expect(compile('typed', program('const subject: string | undefined = getAuth(req).subject; void subject'))).toBe('')
  expect(compile('untyped', program('void req.auth'))).toMatch(/error TS2339: Property 'auth' does not exist/)
}, 180_000)

it("another package's req.auth keeps its type beside ours", () => {
  const program = `
    import express from 'express'
    import { getAuth } from '@scitokens/express-middleware'
    declare global { namespace Express { interface Request { auth?: { theirs: number } } } }
    express().get('/', (req) => { const theirs: number | undefined = req.auth?.theirs; void [theirs, getAuth(req).issuer] })
  `
  expect(compile('beside', program)).toBe('')
}, 180_000)

it('the explicit import types req.auth, and then contradicts another declaration aloud', () => {
  const program = `
    import express from 'express'
    import '@scitokens/express-middleware/augment'
    express().get('/', (req) => { const may: boolean | undefined = req.auth?.can('read', '/x'); void may })
  `
  expect(compile('augmented', program)).toBe('')
  const both = `${program}\n    declare global { namespace Express { interface Request { auth?: { theirs: number } } } }`
  expect(compile('both', both)).toMatch(/error TS2717/)
}, 180_000)
