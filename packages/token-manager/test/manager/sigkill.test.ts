import { spawn } from '@scitokens-tests/programs/processes'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { TestIssuer } from '../support/test-issuer.ts'
import { openManager, temporaryDirectory } from '../support/workspace.ts'

const USERS = 20

/** Renews every login again and again: whenever it is killed, it is in the middle of something. */
const RENEWING = `
import { OAuthClient, TokenManager } from ${JSON.stringify(join(import.meta.dirname, '../../src/index.ts'))}
const oauth = new OAuthClient({ dangerouslyAllowLoopbackHttp: true })
const manager = await TokenManager.open({ stateDirectory: process.argv[2], oauth })
const owners = (await manager.list()).map(({ owner }) => owner)
for (;;) await Promise.all(owners.map((owner) => manager.accessToken({ owner, service: 'vo', minLifetime: 1e6 })))
`

test('a manager killed in the middle of its writing, again and again, loses no login', async () => {
  const issuer = await TestIssuer.start()
  const manager = await openManager(issuer)
  for (let user = 0; user < USERS; user++) {
    const login = { issuer: issuer.url, clientId: 'submit', clientSecret: 's', secret: issuer.login() }
    await manager.enrol({ owner: `user${user}`, service: 'vo', ...login })
  }
  const program = join(temporaryDirectory(), 'renewing.ts')
  writeFileSync(program, RENEWING)
  for (let kill = 0; kill < 3; kill++) {
    const child = spawn(process.execPath, ['--conditions=@scitokens/source', program, manager.directory], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    // Each time at another moment of a round: after so many requests from its start.
    const enough = issuer.requests.length + 2 * USERS + 7 * kill
    // oxlint-disable-next-line no-await-in-loop -- one life after the other
    await new Promise<void>((resolve) => {
      issuer.onRequest = () => {
        if (issuer.requests.length >= enough) resolve()
      }
    })
    child.kill('SIGKILL')
    // oxlint-disable-next-line no-await-in-loop -- as above
    expect(await once(child, 'close')).toEqual([null, 'SIGKILL'])
  }
  issuer.onRequest = undefined
  const database = new DatabaseSync(join(manager.directory, 'token-manager.sqlite'))
  expect(database.prepare('pragma integrity_check').get()).toEqual({ integrity_check: 'ok' })
  database.close()
  for (let user = 0; user < USERS; user++) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other, so that a failure names its user
    await expect(manager.accessToken({ owner: `user${user}`, service: 'vo', minLifetime: 1e6 })).resolves.toBeDefined()
  }
  expect((await manager.list()).filter(({ ended }) => ended !== undefined)).toEqual([])
})
