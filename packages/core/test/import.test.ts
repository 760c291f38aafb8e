import { execFile } from '@scitokens-tests/programs/processes'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

test('the main entry loads nothing of Node and nothing of jose until a key or PEM text asks for it', async () => {
  const entry = join(import.meta.dirname, '../src/index.ts')
  const program = `
    import { registerHooks } from 'node:module'
    const loaded = []
    registerHooks({
      resolve(specifier, context, next) {
        const found = next(specifier, context)
        if (/^node:|[/]node_modules[/]jose[/]/.test(found.url)) loaded.push(found.url)
        return found
      },
    })
    const { SigningKey, parseScopes } = await import(${JSON.stringify(entry)})
    parseScopes('read:/a')
    const atFirst = loaded.length
    const key = await SigningKey.generate('ES256')
    const withKey = loaded.length
    await key.exportPem()
    console.log(JSON.stringify({ atFirst, withKey, withPem: loaded.some((url) => url.includes('/node_modules/jose/')) }))`
  const args = ['--conditions=@scitokens/source', '--input-type=module', '--eval', program]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  expect(JSON.parse(stdout)).toEqual({ atFirst: 0, withKey: 0, withPem: true })
}, 180_000)
