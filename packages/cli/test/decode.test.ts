import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createTestIssuer } from '@scitokens/core/testing'
import { expect, test } from 'vitest'
import { scitokens, temporaryDirectory } from './support/scitokens.ts'

const issuer = await createTestIssuer()
const token = await issuer.sign({ aud: 'https://se.example', scope: 'read:/', note: 'red \u001B[31m, hidden \u202E' })

test('a token is read from argument, file, standard input and discovery, and says where from', async () => {
  const file = join(temporaryDirectory(), 'token')
  writeFileSync(file, `\n${token}\n`, { mode: 0o600 })
  const ways = await Promise.all([
    scitokens(['decode', '--json', token]),
    scitokens(['decode', '--json', '--token-file', file]),
    scitokens(['decode', '--json', '--token-file', '-'], { input: token }),
    scitokens(['decode', '--json'], { input: `${token}\n` }),
    scitokens(['decode', '--json'], { env: { BEARER_TOKEN_FILE: file } }),
    scitokens(['decode', '--json', '--discover'], { input: 'not this', env: { BEARER_TOKEN: token } }),
  ])
  for (const ran of ways) {
    expect(ran.status, ran.stderr).toBe(0)
    expect(ran.json()).toMatchObject({ verified: false, claims: { iss: issuer.issuer } })
  }
  const [argument, ...others] = ways
  expect(argument.stderr).toMatch(/visible in the process list/)
  for (const ran of others) expect(ran.stderr).toBe('')
})

test('the text says that nothing was verified, and never shows the signature', async () => {
  const ran = await scitokens(['decode'], { input: token })
  expect(ran.stdout).toMatch(/NOT VERIFIED/)
  expect(ran.stdout).toMatch(/exp {2}.*in 10 min/)
  expect(ran.stdout).not.toContain(token.split('.')[2])
})

test('a claim cannot drive the terminal', async () => {
  const ran = await scitokens(['decode'], { input: token })
  for (const character of ['\u001B', '\u202E']) expect(ran.stdout).not.toContain(character)
  expect(ran.stdout).toContain('\\u202e')
})

test('what is no token is a "no", with a sentence', async () => {
  const ran = await scitokens(['decode'], { input: 'a.b' })
  expect(ran.status).toBe(1)
  expect(ran.stderr.trim().split('\n')).toHaveLength(1)
})

test('no token at all is a usage error that says what to do', async () => {
  const ran = await scitokens(['decode'], { env: { BEARER_TOKEN: '' } })
  expect(ran.status).toBe(2)
  expect(ran.stderr).toMatch(/there is no token: give --token-file/)
})

test('two ways at once are refused', async () => {
  const ran = await scitokens(['decode', '--discover', '--token-file', 'x'])
  expect(ran.status).toBe(2)
})
