import { connect } from 'node:net'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { ANY } from './fixture.ts'
import { heard, startServer } from './processes.ts'

describe('a process that serves', () => {
  test('reloads with SIGHUP and ends with SIGTERM, after what it has begun', async () => {
    const server = startServer({ listen: ANY })
    const address = await heard(server, /"(127\.0\.0\.1:\d+)"/)
    const ask = (path: string): Promise<string> => fetch(`http://${address}${path}`).then((answer) => answer.text())
    expect(await ask('/')).toContain('0 reloads')
    server.process.kill('SIGHUP')
    await expect.poll(() => ask('/')).toContain('1 reloads')
    const slow = ask('/slow')
    await ask('/')
    server.process.kill('SIGTERM')
    expect(await slow).toContain('1 reloads')
    expect(await server.ended).toBe(0)
    expect(server.told()).toEqual([
      'info test serves',
      'info what may have changed was read again',
      'info test stops',
      'info test has stopped',
    ])
  })

  test('ends at once with the second signal', async () => {
    const server = startServer({ listen: ANY, drainSeconds: 3600 })
    const [host, port] = (await heard(server, /"(127\.0\.0\.1:\d+)"/)).split(':')
    const socket = connect(Number(port), host)
    await once(socket, 'connect')
    server.process.kill('SIGINT')
    await expect.poll(() => server.told().at(-1)).toBe('info test stops')
    server.process.kill('SIGINT')
    expect([await server.ended, await text(socket)]).toEqual([0, ''])
  })
})
