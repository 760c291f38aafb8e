import { needing, needs } from '@scitokens-tests/programs'
import { restartUnderLoad, startServiceManager } from '@scitokens-tests/programs/service-manager'
import { chmodSync, mkdirSync, statSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished } from 'vitest'
import { ANY, temporaryDirectory } from '../fixture.ts'
import { serverProgram } from '../processes.ts'

const { describe, test } = needing('perl')

/** One request on a connection of its own. */
function ask(where: { readonly port: number } | { readonly socketPath: string }, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', ...where, agent }, (response) => {
      text(response).then(resolve, reject)
    })
      .on('error', reject)
      .end()
  })
}

describe('a service whose socket is held by the service manager', () => {
  test.each(['tcp', 'unix'])(
    'is restarted three times under load, and nobody is refused or cut off (%s)',
    async (kind) => {
      const directory = temporaryDirectory()
      const socketPath = join(directory, 'main.sock')
      const manager = await startServiceManager({
        where: kind === 'tcp' ? 'tcp' : `unix:${socketPath}`,
        notify: join(directory, 'notify'),
        way: 'descriptor',
        program: serverProgram({ listen: ANY }),
      })
      const target = kind === 'tcp' ? { port: manager.port } : { socketPath }
      const agent = new Agent({ keepAlive: false })
      onTestFinished(() => agent.destroy())
      const { answers, lost } = await restartUnderLoad(manager, {
        restarts: 3,
        clients: 16,
        ask: async () => /of (\d+)/.exec(await ask(target, agent))![1]!,
      })
      expect(lost).toEqual([])
      expect(new Set(answers).size).toBe(4)
      expect(answers.length).toBeGreaterThan(100)
      // Whoever holds it removes it, not whoever was given it.
      if (kind === 'unix') expect(statSync(socketPath).isSocket()).toBe(true)
    },
  )

  test('is restarted with its workers under load, and nobody is refused or cut off', async () => {
    const directory = temporaryDirectory()
    const manager = await startServiceManager({
      where: 'tcp',
      notify: join(directory, 'notify'),
      way: 'descriptor',
      program: serverProgram({ listen: ANY, workers: 2 }),
    })
    const agent = new Agent({ keepAlive: false })
    onTestFinished(() => agent.destroy())
    const { answers, lost } = await restartUnderLoad(manager, {
      restarts: 2,
      clients: 8,
      ask: async () => /of (\d+)/.exec(await ask({ port: manager.port }, agent))![1]!,
    })
    expect(lost).toEqual([])
    expect(new Set(answers).size).toBe(6)
  })

  test('tells by a descriptor that it is ready, reloads and stops', async () => {
    const directory = temporaryDirectory()
    const manager = await startServiceManager({
      where: 'tcp',
      notify: join(directory, 'notify'),
      way: 'descriptor',
      program: serverProgram({ listen: ANY }),
    })
    await expect.poll(() => manager.readies()).toBe(1)
    manager.signal('HUP')
    await expect.poll(() => manager.readies()).toBe(2)
    manager.restart()
    await expect.poll(() => manager.readies()).toBe(3)
    expect(manager.heard()).toEqual([
      expect.stringMatching(/^READY=1 STATUS=127\.0\.0\.1:\d+$/),
      expect.stringMatching(/^RELOADING=1 MONOTONIC_USEC=\d+$/),
      'READY=1',
      'STOPPING=1',
      expect.stringMatching(/^READY=1 STATUS=/),
    ])
  })

  test('does not listen on a Unix socket that others could replace', async () => {
    const directory = temporaryDirectory()
    const open = join(directory, 'open')
    mkdirSync(open)
    chmodSync(open, 0o777)
    const manager = await startServiceManager({
      where: `unix:${join(open, 'a.sock')}`,
      notify: join(directory, 'notify'),
      way: 'none',
      program: serverProgram({ listen: ANY }),
    })
    await expect.poll(() => manager.errors()).toContainEqual(expect.stringMatching(/^failed: .*could answer in place/))
  })

  test('tells it by the program systemd-notify where it was given no descriptor', needs('systemd-notify'), async () => {
    const directory = temporaryDirectory()
    const manager = await startServiceManager({
      where: 'tcp',
      notify: join(directory, 'notify'),
      way: 'path',
      program: serverProgram({ listen: ANY }),
    })
    await expect.poll(() => manager.readies()).toBe(1)
    manager.restart()
    await expect.poll(() => manager.readies()).toBe(2)
    expect(manager.heard()).toContain('STOPPING=1')
    expect(manager.errors().filter((line) => line.startsWith('warn'))).toEqual([])
  })
})
