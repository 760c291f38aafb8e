import { needing, needs } from '@scitokens-tests/programs'
import { chmodSync, mkdirSync, statSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished } from 'vitest'
import { ANY, temporaryDirectory } from '../fixture.ts'
import { heard, type Running, startManager } from '../processes.ts'

const { describe, test } = needing('perl')

const say = (manager: Running, command: string): void => void manager.process.stdin.write(`${command}\n`)
const started = (manager: Running): number => manager.said().filter((line) => line.startsWith('started')).length
const ready = (manager: Running): number => manager.said().filter((line) => line.startsWith('told READY=1')).length

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
      const path = join(directory, 'main.sock')
      const where = kind === 'tcp' ? 'tcp' : `unix:${path}`
      const manager = startManager(where, join(directory, 'notify'), 'descriptor', { listen: ANY })
      const port = Number(await heard(manager, /^listening (\d+)/))
      await expect.poll(() => ready(manager)).toBe(1)
      const target = kind === 'tcp' ? { port } : { socketPath: path }
      const agent = new Agent({ keepAlive: false })
      onTestFinished(() => agent.destroy())
      const answers = { served: 0, lost: [] as string[], by: new Set<string>() }
      const load = new AbortController()
      const client = async (): Promise<void> => {
        while (!load.signal.aborted) {
          try {
            // oxlint-disable-next-line no-await-in-loop -- one request after the other, as a client does
            const [, pid = ''] = /of (\d+)/.exec(await ask(target, agent)) ?? []
            answers.served += 1
            answers.by.add(pid)
          } catch (error) {
            answers.lost.push((error as NodeJS.ErrnoException).code ?? String(error))
            // oxlint-disable-next-line no-await-in-loop -- as above
            await setTimeout(10)
          }
        }
      }
      const clients = Array.from({ length: 16 }, client)
      for (let restart = 1; restart <= 3; restart += 1) {
        // oxlint-disable-next-line no-await-in-loop -- one restart after the other
        await setTimeout(300)
        say(manager, 'restart')
        // oxlint-disable-next-line no-await-in-loop -- as above
        await expect.poll(() => ready(manager)).toBe(restart + 1)
      }
      await setTimeout(300)
      load.abort()
      await Promise.all(clients)
      expect(started(manager)).toBe(4)
      expect(answers.lost).toEqual([])
      expect(answers.by.size).toBe(4)
      expect(answers.served).toBeGreaterThan(100)
      // Whoever holds it removes it, not whoever was given it.
      if (kind === 'unix') expect(statSync(path).isSocket()).toBe(true)
    },
  )

  test('tells by a descriptor that it is ready, reloads, lives and stops', async () => {
    const directory = temporaryDirectory()
    const manager = startManager('tcp', join(directory, 'notify'), 'descriptor', { listen: ANY })
    await expect.poll(() => ready(manager)).toBe(1)
    say(manager, 'signal HUP')
    await expect.poll(() => ready(manager)).toBe(2)
    say(manager, 'restart')
    await expect.poll(() => ready(manager)).toBe(3)
    const told = manager.said().filter((line) => line.startsWith('told'))
    expect(told).toEqual([
      expect.stringMatching(/^told READY=1 STATUS=127\.0\.0\.1:\d+$/),
      expect.stringMatching(/^told RELOADING=1 MONOTONIC_USEC=\d+$/),
      'told READY=1',
      'told STOPPING=1',
      expect.stringMatching(/^told READY=1 STATUS=/),
    ])
  })

  test('does not listen on a Unix socket that others could replace', async () => {
    const directory = temporaryDirectory()
    const open = join(directory, 'open')
    mkdirSync(open)
    chmodSync(open, 0o777)
    const manager = startManager(`unix:${join(open, 'a.sock')}`, join(directory, 'notify'), 'none', { listen: ANY })
    await expect.poll(() => manager.told()).toContainEqual(expect.stringMatching(/^failed: .*could answer in place/))
  })

  test('tells it by the program systemd-notify where it was given no descriptor', needs('systemd-notify'), async () => {
    const directory = temporaryDirectory()
    const manager = startManager('tcp', join(directory, 'notify'), 'path', { listen: ANY })
    await expect.poll(() => ready(manager)).toBe(1)
    say(manager, 'restart')
    await expect.poll(() => ready(manager)).toBe(2)
    expect(manager.said()).toContainEqual('told STOPPING=1')
    expect(manager.told().filter((line) => line.startsWith('warn'))).toEqual([])
  })
})
