import { needing } from '@scitokens-tests/programs'
import { restartUnderLoad, startServiceManager } from '@scitokens-tests/programs/service-manager'
import { writeFile } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { expect, onTestFinished } from 'vitest'
import { ROBOT, SECRET, temporaryDirectory } from './served.ts'

const { test } = needing('perl')

const SERVER = [process.execPath, '--conditions=@scitokens/source', join(import.meta.dirname, 'programs/server.ts')]

/** Asks for a token on a connection of its own; answers the status and the scope. */
function askToken(port: number, agent: Agent): Promise<string> {
  const body = 'grant_type=client_credentials&scope=read:/store'
  const headers = {
    authorization: `Basic ${btoa(`robot:${SECRET}`)}`,
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': body.length,
  }
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path: '/token', method: 'POST', agent, headers }, (response) => {
      json(response).then((answer) => {
        resolve(`${response.statusCode} ${(answer as { scope?: string }).scope}`)
      }, reject)
    })
      .on('error', reject)
      .end(body)
  })
}

test('an issuer whose socket the service manager holds is restarted under load, and nobody is refused or cut off', async () => {
  const dir = await temporaryDirectory()
  const config = join(dir, 'issuer.yaml')
  await writeFile(join(dir, 'robot'), SECRET, { mode: 0o600 })
  await writeFile(
    config,
    `issuer: http://127.0.0.1:1
dangerouslyAllowLoopbackHttp: true
listen: { port: 1 }
operations: false
storage: { file: ${JSON.stringify(join(dir, 'issuer.sqlite'))} }
rateLimit: { perAddress: 1000000, perClient: 1000000 }
${ROBOT.replace('{ env: ROBOT_SECRET }', `{ file: ${JSON.stringify(join(dir, 'robot'))} }`)}`,
  )
  const manager = await startServiceManager({
    where: 'tcp',
    notify: join(dir, 'notify'),
    way: 'descriptor',
    program: [...SERVER, config],
  })
  const agent = new Agent({ keepAlive: false })
  onTestFinished(() => agent.destroy())
  const ask = (): Promise<string> => askToken(manager.port, agent)
  const { answers, lost } = await restartUnderLoad(manager, { restarts: 2, clients: 4, ask })
  expect(lost).toEqual([])
  expect(new Set(answers)).toEqual(new Set(['200 read:/store']))
  expect(answers.length).toBeGreaterThan(20)
})
