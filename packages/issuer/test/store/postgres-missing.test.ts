import { execFileSync } from '@scitokens-tests/programs/processes'
import { expect, test } from 'vitest'

// Says what an application would see that has installed the issuer and not the driver.
const PROGRAM = `
import { registerHooks } from 'node:module'
const asked = []
registerHooks({
  resolve(name, context, next) {
    asked.push(name)
    if (name === 'pg') throw Object.assign(new Error('Cannot find package pg'), { code: 'ERR_MODULE_NOT_FOUND' })
    return next(name, context)
  },
})
const { openIssuer } = await import(process.argv[1])
const options = { issuer: 'https://issuer.example', masterKey: { value: new Uint8Array(32) } }
const issuer = await openIssuer({ ...options, storage: { memory: true } })
await issuer.close()
const before = asked.includes('pg')
const storage = { postgres: 'postgres://issuer:hidden@127.0.0.1/issuer' }
const error = await openIssuer({ ...options, storage }).catch((refused) => refused)
console.log(JSON.stringify({ before, code: error.code, message: error.message }))
`

test('the PostgreSQL driver is needed where PostgreSQL is chosen alone, and its absence says what to install', () => {
  const entry = new URL('../../src/index.ts', import.meta.url).href
  const args = ['--conditions=@scitokens/source', '--input-type=module', '-e', PROGRAM, entry]
  const told = execFileSync(process.execPath, args, { encoding: 'utf8', env: { PATH: process.env['PATH'] } })
  expect(JSON.parse(told)).toEqual({
    before: false,
    code: 'config_error',
    message: 'storage.postgres: the package pg is not installed beside this one: npm install pg',
  })
})
