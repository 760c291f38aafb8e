import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { capture, root } from '../process.ts'

// The table of layers: what each package may import. It is written out here so that loosening turbo.json is noticed.
const allowed: Readonly<Record<string, readonly string[]>> = {
  core: [],
  host: ['core'],
  environment: ['core', 'host'],
  keycache: ['core', 'host'],
  enforcer: ['core'],
  x509: ['core', 'host'],
  issuer: ['core', 'host', 'keycache', 'enforcer'],
  service: ['core', 'host'],
  'token-generator': ['core', 'host', 'keycache', 'enforcer', 'issuer'],
  'issuer-server': ['core', 'host', 'keycache', 'enforcer', 'x509', 'issuer', 'service', 'token-generator'],
  'token-manager': ['core', 'host', 'keycache', 'service'],
  // host comes along with keycache: turbo asks for what is behind a package, too.
  'express-middleware': ['core', 'host', 'keycache', 'enforcer'],
  'fastify-plugin': ['core', 'host', 'keycache', 'enforcer'],
  conformance: ['core', 'enforcer'],
  cli: [
    'core',
    'host',
    'environment',
    'keycache',
    'enforcer',
    'x509',
    'issuer',
    'service',
    'token-generator',
    'issuer-server',
    'token-manager',
    'express-middleware',
    'fastify-plugin',
    'conformance',
  ],
}
const names = Object.keys(allowed)

let copy: string
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'layers-'))
  for (const file of ['package.json', 'turbo.json', 'pnpm-workspace.yaml', 'pnpm-lock.yaml']) {
    cpSync(join(root, file), join(copy, file))
  }
})
afterAll(() => rmSync(copy, { recursive: true }))

/** A work tree with the packages' tags, their allowed dependencies, and one more dependency and import. */
async function boundariesWith(from: string, to: string, source = `import '@scitokens/${to}'\n`): Promise<string> {
  for (const name of names) {
    const folder = join(copy, 'packages', name)
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(join(folder, 'src'), { recursive: true })
    const dependencies = new Set(name === from ? [...(allowed[name] ?? []), to] : allowed[name])
    const manifest = {
      name: `@scitokens/${name}`,
      dependencies: Object.fromEntries([...dependencies].map((other) => [`@scitokens/${other}`, 'workspace:^'])),
    }
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
    cpSync(join(root, 'packages', name, 'turbo.json'), join(folder, 'turbo.json'))
    writeFileSync(join(folder, 'src', 'index.ts'), name === from ? source : 'export {}\n')
  }
  const { status, output } = await capture('turbo', ['boundaries', '--no-color'], { cwd: copy })
  // turbo breaks long lines
  return status === 0 ? '' : output.replace(/\s*\n\s*\| /g, ' ').replaceAll('/ ', '/')
}

describe('the layer rule', () => {
  test('knows every package', () => {
    expect(readdirSync(join(root, 'packages')).toSorted()).toEqual(names.toSorted())
  })

  for (const from of names) {
    for (const to of names.filter((name) => name !== from)) {
      if (allowed[from]?.includes(to)) continue
      test(`refuses that ${from} imports ${to}`, async () => {
        expect(await boundariesWith(from, to)).toContain(
          `Package \`@scitokens/${to}\` found without any tag listed in allowlist for \`@scitokens/${from}\``,
        )
      })
    }
  }

  test('allows each import of the table', async () => {
    const imports = (allowed['cli'] ?? []).map((name) => `import '@scitokens/${name}'\n`).join('')
    expect(await boundariesWith('cli', 'core', imports)).toBe('')
  })

  test('refuses a package that is not a declared dependency', async () => {
    expect(await boundariesWith('core', 'core', "import '@scitokens/enforcer'\n")).toContain(
      'cannot import package `@scitokens/enforcer` because it is not a dependency',
    )
  })

  test("refuses to reach into another package's folder", async () => {
    expect(await boundariesWith('enforcer', 'core', "import '../../core/src/index.ts'\n")).toContain(
      'leaves the package',
    )
  })
})

describe('main entries that also run in browsers', () => {
  for (const name of ['core', 'enforcer']) {
    test(`${name} reaches no Node module from its main entry`, () => {
      const seen = new Set<string>()
      const visit = (file: string, path: readonly string[]): void => {
        if (seen.has(file)) return
        seen.add(file)
        for (const [, specifier = ''] of readFileSync(file, 'utf8').matchAll(
          /^\s*(?:import|export)(?! type)(?:[\w\s{},*$]*\sfrom)?\s*['"]([^'"]+)['"]/gm,
        )) {
          expect(specifier, `imported by ${[...path, file].join(' > ')}`).not.toMatch(/^(node:|ini$|pino$)/)
          if (specifier.startsWith('.')) visit(join(file, '..', specifier), [...path, file])
        }
      }
      visit(join(root, 'packages', name, 'src', 'index.ts'), [])
      expect(seen.size).toBeGreaterThan(3)
    })
  }
})
