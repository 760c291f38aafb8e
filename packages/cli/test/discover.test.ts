import { chmodSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createTestIssuer } from '@scitokens/core/testing'
import { beforeAll, expect, test } from 'vitest'
import { runHere } from './support/in-process.ts'
import { temporaryDirectory } from './support/scitokens.ts'

let token: string
beforeAll(async () => {
  token = await (await createTestIssuer()).sign({ aud: 'https://se.example' })
})

/** A directory with the token where discovery looks in XDG_RUNTIME_DIR. */
function runtimeDirectory(): { directory: string; file: string } {
  const directory = temporaryDirectory()
  const file = join(directory, `bt_u${process.geteuid!()}`)
  writeFileSync(file, `\n  ${token}\t\n`)
  chmodSync(file, 0o600)
  return { directory, file }
}

test('discover says where the token is, in the order of WLCG bearer token discovery, and does not show it', async () => {
  const { directory, file } = runtimeDirectory()
  const other = join(temporaryDirectory(), 'token')
  writeFileSync(other, token, { mode: 0o600 })
  const env = { XDG_RUNTIME_DIR: directory }
  const [fromVariable, fromNamedFile, fromRuntime] = await Promise.all([
    runHere(['discover'], { env: { ...env, BEARER_TOKEN_FILE: other, BEARER_TOKEN: token } }),
    runHere(['discover'], { env: { ...env, BEARER_TOKEN_FILE: other } }),
    runHere(['discover'], { env }),
  ])
  expect(fromVariable.stdout).toBe('BEARER_TOKEN\n')
  expect(fromNamedFile.stdout).toBe(`${other} (BEARER_TOKEN_FILE)\n`)
  expect(fromRuntime.stdout).toBe(`${file}\n`)
  for (const { status, stdout, stderr } of [fromVariable, fromNamedFile, fromRuntime]) {
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).not.toContain(token)
  }
})

test('discover --print gives the token itself, without the white space around it', async () => {
  const { directory, file } = runtimeDirectory()
  const [text, json, silent] = await Promise.all([
    runHere(['discover', '--print'], { env: { XDG_RUNTIME_DIR: directory } }),
    runHere(['discover', '--print', '--json'], { env: { XDG_RUNTIME_DIR: directory } }),
    runHere(['discover', '--json'], { env: { XDG_RUNTIME_DIR: directory } }),
  ])
  expect(text.stdout).toBe(`${token}\n`)
  expect(json.json()).toEqual({ found: true, source: file, token })
  expect(silent.json()).toEqual({ found: true, source: file })
})

test('no token is a "no"; one that is no token is a usage error, and the next place is not tried', async () => {
  const { directory } = runtimeDirectory()
  const [none, asJson, malformed] = await Promise.all([
    runHere(['discover'], { env: { XDG_RUNTIME_DIR: temporaryDirectory() } }),
    runHere(['discover', '--json'], { env: { XDG_RUNTIME_DIR: temporaryDirectory() } }),
    runHere(['discover', '--print'], { env: { BEARER_TOKEN: 'two words', XDG_RUNTIME_DIR: directory } }),
  ])
  expect(none.status).toBe(1)
  expect(none.stderr).toMatch(/there is no token in BEARER_TOKEN, BEARER_TOKEN_FILE/)
  expect(asJson.status).toBe(1)
  expect(asJson.json()).toEqual({ found: false })
  expect(malformed.status).not.toBe(0)
  expect(malformed.stdout).toBe('')
  expect(malformed.stderr).not.toContain('two words')
})

test('a link in the place of the token is no token of ours', async () => {
  const directory = temporaryDirectory()
  const elsewhere = join(temporaryDirectory(), 'token')
  writeFileSync(elsewhere, token, { mode: 0o600 })
  symlinkSync(elsewhere, join(directory, `bt_u${process.geteuid!()}`))
  const ran = await runHere(['discover', '--print'], { env: { XDG_RUNTIME_DIR: directory } })
  expect([ran.status, ran.stdout]).toEqual([2, ''])
  expect(ran.stderr).toMatch(/is a symbolic link/)
})
