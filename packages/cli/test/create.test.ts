import { needs } from '@scitokens-tests/programs'
import { execFileSync } from '@scitokens-tests/programs/processes'
import { readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SciToken, StaticKeys } from '@scitokens/core'
import { expect, test } from 'vitest'
import { scitokens, temporaryDirectory } from './support/scitokens.ts'

async function keyIn(directory: string): Promise<void> {
  const made = await scitokens(['keygen', '--private', 'key.pem', '--jwks', 'jwks.json'], { cwd: directory })
  expect(made.status, made.stderr).toBe(0)
}

test('a key that keygen makes signs a token that the published set verifies', async () => {
  const cwd = temporaryDirectory()
  await keyIn(cwd)
  const created = await scitokens(
    [
      'create',
      '-k',
      'key.pem',
      '-i',
      'https://vo.example',
      '-a',
      'https://se.example',
      '--scope',
      'read:/store',
      'sub=ana',
    ],
    { cwd },
  )
  expect(created.status, created.stderr).toBe(0)
  const keys = new StaticKeys({ 'https://vo.example': JSON.parse(readFileSync(join(cwd, 'jwks.json'), 'utf8')) })
  const token = await SciToken.deserialize(created.stdout.trim(), { keys })
  expect(token.claims()).toMatchObject({
    sub: 'ana',
    scope: 'read:/store',
    aud: 'https://se.example',
    ver: 'scitoken:2.0',
  })
})

test('private keys and token files belong to their owner alone', async () => {
  const cwd = temporaryDirectory()
  await keyIn(cwd)
  await scitokens(['create', '-k', 'key.pem', '-i', 'https://vo.example', '-a', 'x', '-o', 'token'], { cwd })
  for (const file of ['key.pem', 'token']) expect(statSync(join(cwd, file)).mode & 0o777, file).toBe(0o600)
})

test('a file that exists is replaced only on demand, and a link is never written through', async () => {
  const cwd = temporaryDirectory()
  writeFileSync(join(cwd, 'precious'), 'keep me')
  symlinkSync(join(cwd, 'precious'), join(cwd, 'key.pem'))
  const refused = await scitokens(['keygen', '--private', 'key.pem'], { cwd })
  expect(refused.status).toBe(2)
  expect(refused.stderr).toMatch(/key\.pem exists already \(--force replaces it\)/)
  const forced = await scitokens(['keygen', '--private', 'key.pem', '--force'], { cwd })
  expect(forced.status).toBe(0)
  expect(readFileSync(join(cwd, 'precious'), 'utf8')).toBe('keep me')
  expect(readFileSync(join(cwd, 'key.pem'), 'utf8')).toMatch(/PRIVATE KEY/)
})

test('keygen never lets a private key go to nowhere or to standard output unasked', async () => {
  const nowhere = await scitokens(['keygen'])
  expect(nowhere.status).toBe(2)
  expect(nowhere.stdout).toBe('')
  const cwd = temporaryDirectory()
  const made = await scitokens(['keygen', '--private', 'key.pem'], { cwd })
  expect(Object.keys(made.json<{ keys: object[] }>().keys[0]!)).not.toContain('d')
})

test('a key is converted between its forms and keeps its name', needs('openssl'), async () => {
  const cwd = temporaryDirectory()
  await scitokens(
    ['keygen', '--alg', 'RS256', '--kid', 'a', '--private', 'key.pem', '--private-jwk', 'key.json', '-P', 'pub.pem'],
    { cwd },
  )
  const converted = await scitokens(['keygen', '--from', 'key.json', '--json'], { cwd })
  expect(converted.json()).toMatchObject({ kid: 'a', alg: 'RS256' })
  expect(
    execFileSync('openssl', ['rsa', '-in', join(cwd, 'key.pem'), '-pubout'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    }).toString(),
  ).toBe(readFileSync(join(cwd, 'pub.pem'), 'utf8'))
})

test('what verifiers would refuse is not signed, and the reason is one sentence', async () => {
  const cwd = temporaryDirectory()
  await keyIn(cwd)
  const base = ['create', '-k', 'key.pem', '-i', 'https://vo.example', '-a', 'https://se.example']
  const cases: [string[], RegExp][] = [
    [['--scope', 'read:/a/../b'], /\.\./],
    [['aud=twice'], /the claim aud is given twice/],
    [['--claim-json', 'x={'], /the value of the claim x is not JSON/],
    [['novalue'], /a claim is given as name=value/],
    [['exp=1'], /exp is set by signing/],
    [['-p', 'wlcg'], /needs the claim sub/],
    [['-l', '0'], /lifetime/],
    [['-l', 'soon'], /Give seconds/],
    [['-p', 'macaroon'], /Give one of/],
  ]
  await Promise.all(
    cases.map(async ([args, sentence]) => {
      const refused = await scitokens([...base, ...args], { cwd })
      expect(refused.status, args.join(' ')).toBe(2)
      expect(refused.stdout).toBe('')
      expect(refused.stderr).toMatch(sentence)
      expect(refused.stderr.trim().split('\n')).toHaveLength(1)
    }),
  )
})
