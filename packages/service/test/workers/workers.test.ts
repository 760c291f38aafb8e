import { once } from 'node:events'
import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { needing } from '@scitokens-tests/programs'
import { setTimeout } from 'node:timers/promises'
import { Agent, request } from 'node:http'
import { connect } from 'node:tls'
import { text } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ANY, selfSigned, temporaryDirectory } from '../fixture.ts'
import { heard, type Running, startServer } from '../processes.ts'

interface Workers {
  readonly server: Running
  readonly ask: (path?: string) => Promise<{ readonly pid: number; readonly reloads: number }>
  readonly operations: (path: string) => Promise<string>
}

async function startWorkers(options: object = {}): Promise<Workers> {
  const server = startServer({ listen: ANY, operations: ANY, workers: 3, ...options })
  // Of the process that listens; each worker says where it does as well.
  const operations = await heard(server, /"operations":"(.*?)"/)
  const address = await heard(server, /"addresses":\["(.*?)"\]/)
  const agent = new Agent()
  onTestFinished(() => agent.destroy())
  return {
    server,
    ask: async (path = '/') => {
      const answer = await new Promise<string>((resolve, reject) => {
        request(`http://${address}${path}`, { agent }, (response) => void text(response).then(resolve, reject))
          .on('error', reject)
          .end()
      })
      const [, pid, reloads] = /of (\d+), (\d+) reloads/.exec(answer)!
      return { pid: Number(pid), reloads: Number(reloads) }
    },
    operations: (path) => fetch(`http://${operations}${path}`).then((answer) => answer.text()),
  }
}

const pidsOf = async ({ ask }: Workers): Promise<readonly number[]> => {
  const answers = await Promise.all(Array.from({ length: 30 }, () => ask()))
  return [...new Set(answers.map(({ pid }) => pid))].toSorted((one, other) => one - other)
}

describe('workers', () => {
  test('share the connections, and their health and metrics are told in one place', async () => {
    const workers = await startWorkers()
    const pids = await pidsOf(workers)
    expect(pids).toHaveLength(3)
    expect(pids).not.toContain(workers.server.process.pid)
    expect(await workers.operations('/readyz')).toBe('ready\n')
    const metrics = await workers.operations('/metrics')
    expect(metrics).toContain('\nservice_workers 3\n')
    for (const worker of ['1', '2', '3'])
      expect(metrics).toContain(`process_resident_memory_bytes{worker="${worker}"} `)
    expect(metrics.match(/^# TYPE process_resident_memory_bytes gauge$/gm)).toHaveLength(1)
  })

  test('are all reached by a reload and by a stop, which finishes what has begun', async () => {
    const workers = await startWorkers()
    workers.server.process.kill('SIGHUP')
    await expect.poll(() => workers.server.told()).toContain('info what may have changed was read again')
    const answers = await Promise.all(Array.from({ length: 12 }, () => workers.ask()))
    expect(answers.map(({ reloads }) => reloads)).toEqual(answers.map(() => 1))
    const slow = Array.from({ length: 6 }, () => workers.ask('/slow'))
    await workers.ask()
    await setTimeout(100)
    workers.server.process.kill('SIGTERM')
    const pids = (await Promise.all(slow)).map(({ pid }) => pid)
    expect(new Set(pids).size).toBe(3)
    expect(await workers.server.ended).toBe(0)
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  })

  test('are replaced when they die, and meanwhile nobody is refused', async () => {
    const workers = await startWorkers()
    const before = await pidsOf(workers)
    await expect(workers.ask('/die')).rejects.toThrow()
    const answers = await Promise.all(Array.from({ length: 30 }, () => workers.ask()))
    expect(new Set(answers.map(({ pid }) => pid)).size).toBe(2)
    await expect.poll(async () => (await pidsOf(workers)).length).toBe(3)
    expect(await pidsOf(workers)).not.toEqual(before)
    expect(workers.server.told()).toContainEqual(
      expect.stringMatching(/^error worker \d has ended \(SIGKILL\), another one starts in (?:0\.\d|1) s$/),
    )
    expect(await workers.operations('/metrics')).toContain('service_worker_deaths_total 1\n')
  })

  test('that are all dead make connections wait until one is there again', async () => {
    const workers = await startWorkers({ workers: 2 })
    await Promise.allSettled([workers.ask('/die'), workers.ask('/die')])
    await expect.poll(() => workers.operations('/readyz')).toBe('no worker serves\n')
    const before = performance.now()
    const { pid } = await workers.ask()
    expect(performance.now() - before).toBeGreaterThan(100)
    expect(pid).toBeGreaterThan(0)
    await expect.poll(() => workers.operations('/readyz')).toBe('ready\n')
  })

  test('that cannot start again are tried again, later each time', async () => {
    const problem = join(temporaryDirectory(), 'problem')
    writeFileSync(problem, '')
    const workers = await startWorkers({ workers: 2, problem })
    writeFileSync(problem, 'no database')
    await expect(workers.ask('/die')).rejects.toThrow()
    await expect
      .poll(() => workers.server.told())
      .toContainEqual(
        expect.stringMatching(/^error worker \d has ended \(no database\), another one starts in (?:1\.\d|2) s$/),
      )
    writeFileSync(problem, '')
    await expect.poll(async () => (await pidsOf(workers)).length).toBe(2)
  })

  test('that cannot start at all are one sentence, told once', async () => {
    const problem = join(temporaryDirectory(), 'problem')
    writeFileSync(problem, 'line 3: no such key')
    const server = startServer({ listen: ANY, workers: 3, problem })
    expect(await server.ended).toBe(1)
    expect(server.told()).toEqual(['failed: line 3: no such key'])
  })

  test('end with the process that listens, however it ends', async () => {
    const workers = await startWorkers()
    const pids = await pidsOf(workers)
    workers.server.process.kill('SIGKILL')
    for (const pid of pids) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await expect.poll(() => isThere(pid)).toBe(false)
    }
  })
})

const withOpenssl = needing('openssl')
withOpenssl.test('workers speak TLS, and each takes a new certificate', async () => {
  const directory = temporaryDirectory()
  const [one, two] = [selfSigned(directory, 'one'), selfSigned(directory, 'two')]
  const server = startServer({ listen: ANY, workers: 2, tls: one, watchSeconds: 0 })
  const [host, port] = (await heard(server, /"addresses":\["(.*?)"\]/)).split(':')
  const names = async (): Promise<readonly unknown[]> =>
    Promise.all(
      Array.from({ length: 4 }, async () => {
        const socket = connect({ host: host!, port: Number(port), rejectUnauthorized: false })
        await once(socket, 'secureConnect')
        const { CN } = socket.getPeerCertificate().subject
        socket.destroy()
        return CN
      }),
    )
  expect(await names()).toEqual(['one', 'one', 'one', 'one'])
  copyFileSync(two.certificate, one.certificate)
  copyFileSync(two.key, one.key)
  server.process.kill('SIGHUP')
  await expect.poll(names).toEqual(['two', 'two', 'two', 'two'])
})

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
