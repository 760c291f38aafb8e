import { chmodSync, chownSync, mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ManagerServer } from '../../src/daemon/manager-server.ts'
import { openManager, temporaryDirectory, withLogin } from '../support/workspace.ts'

const isRoot = process.geteuid?.() === 0
const STRANGER = 64_323

/** A state with a login, closed, and how it is opened again. */
async function keptState(): Promise<{ directory: string; above: string; reopen: () => Promise<unknown> }> {
  const { issuer, manager } = await withLogin()
  manager.close()
  const directory = manager.directory
  return { directory, above: dirname(directory), reopen: () => openManager(issuer, { stateDirectory: directory }) }
}

const refusal = (pattern: RegExp): unknown =>
  expect.objectContaining({ code: 'config_error', message: expect.stringMatching(pattern) as string })

describe.runIf(process.geteuid !== undefined)('a state that somebody else could have written is not believed', () => {
  test.each(['', '-journal'])(
    'a state file%s that others can write is refused, be it made private afterwards',
    async (suffix) => {
      const { directory, reopen } = await keptState()
      const file = join(directory, `token-manager.sqlite${suffix}`)
      writeFileSync(file, '', { flag: 'a' })
      chmodSync(file, 0o666)
      // oxlint-disable-next-line no-await-in-loop -- one attempt after the other: none puts it right
      for (let attempt = 0; attempt < 2; attempt++) {
        // oxlint-disable-next-line no-await-in-loop -- as above
        await expect(reopen()).rejects.toEqual(
          refusal(/can be written by others, so what stands in .* is not believed/),
        )
      }
    },
  )

  test.runIf(isRoot)("a journal that another account left, and another account's file, are refused", async () => {
    for (const suffix of ['', '-journal']) {
      // oxlint-disable-next-line no-await-in-loop -- one state each
      const { directory, reopen } = await keptState()
      const file = join(directory, `token-manager.sqlite${suffix}`)
      writeFileSync(file, '', { flag: 'a', mode: 0o600 })
      chownSync(file, STRANGER, STRANGER)
      // oxlint-disable-next-line no-await-in-loop -- as above
      await expect(reopen()).rejects.toEqual(refusal(/belongs to another user, so what stands in/))
    }
  })

  test.each([0o777, 0o770])('a state directory of mode %o is refused', async (mode) => {
    const { directory, reopen } = await keptState()
    chmodSync(directory, mode)
    await expect(reopen()).rejects.toEqual(refusal(/can be written by others/))
  })

  test('a state directory below one that others can write is refused, and so is a link that leads there', async () => {
    const { directory, above, reopen } = await keptState()
    chmodSync(above, 0o777)
    await expect(reopen()).rejects.toEqual(refusal(/can be written by others/))
    chmodSync(above, 0o700)
    const open = join(above, 'open')
    mkdirSync(open)
    chmodSync(open, 0o777)
    renameSync(directory, join(open, 'state'))
    symlinkSync(join(open, 'state'), directory)
    await expect(reopen()).rejects.toEqual(refusal(/open can be written by others/))
  })

  test.runIf(isRoot)('a state directory of another account, or below one, is refused', async () => {
    const { directory, above, reopen } = await keptState()
    chownSync(above, STRANGER, STRANGER)
    await expect(reopen()).rejects.toEqual(refusal(/belongs to another user/))
    chownSync(above, 0, 0)
    chownSync(directory, STRANGER, STRANGER)
    await expect(reopen()).rejects.toEqual(refusal(/belongs to another user/))
  })

  test('what need not last, such as leases, is set aside and made anew', async () => {
    const { directory, reopen } = await keptState()
    chmodSync(join(directory, 'leases.sqlite'), 0o666)
    await reopen()
    expect(readdirSync(directory).filter((name) => name.startsWith('leases.sqlite.set-aside-'))).toHaveLength(1)
  })

  test('a key file whose directory others can write is refused', async () => {
    const { issuer, manager } = await withLogin()
    const place = temporaryDirectory()
    const keyFile = join(place, 'key')
    chmodSync(place, 0o777)
    const opening = openManager(issuer, { stateDirectory: join(temporaryDirectory(), 'state'), keyFile })
    await expect(opening).rejects.toEqual(refusal(/could be replaced by others/))
    manager.close()
  })

  test('a socket directory below one that others can write is refused', async () => {
    const { manager } = await withLogin()
    const above = temporaryDirectory()
    chmodSync(above, 0o777)
    const server = new ManagerServer(manager, {
      socketDirectory: join(above, 'run'),
      accounts: async () => undefined,
    })
    expect(() => server.prepare()).toThrow(/others could replace the socket/)
  })
})
