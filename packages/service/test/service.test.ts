import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { Agent, get, type IncomingMessage } from 'node:http'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { text } from 'node:stream/consumers'
import Fastify from 'fastify'
import { openService, type ServiceOptions } from '@scitokens/service'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ANY, open, temporaryDirectory, TestLog, TestSignals } from './fixture.ts'

const urlOf = (address: string, path = '/'): string => `http://${address}${path}`

/** A connection on which an answer can be read to its end. */
async function connectTo(address: string): Promise<Socket> {
  const [host, port] = address.split(':')
  const socket = connect(Number(port), host)
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

describe('a service', () => {
  test('serves a request listener, and says where', async () => {
    const log = new TestLog()
    const service = await open({ logger: log })
    expect(service.addresses).toEqual([])
    await service.serve(({ http }) => void http((request, response) => response.end(request.url)))
    const [address] = service.addresses
    expect(address).toMatch(/^127\.0\.0\.1:\d+$/)
    expect(await (await fetch(urlOf(address!, '/x'))).text()).toBe('/x')
    expect(log.lines).toEqual([
      { level: 'info', details: { name: 'test', addresses: [address] }, message: 'test serves' },
    ])
  })

  test('serves a Fastify instance, whose server it makes', async () => {
    const service = await open()
    await service.serve(async ({ http }) => {
      const app = Fastify({ serverFactory: (handler) => http(handler) })
      app.get('/who', async (request) => ({ peer: request.ip, listens: app.server.address() }))
      await app.ready()
      return { close: () => app.close() }
    })
    const [address] = service.addresses
    const answer = await (await fetch(urlOf(address!, '/who'))).json()
    expect(answer).toEqual({
      peer: '127.0.0.1',
      listens: { address: '127.0.0.1', port: Number(address!.split(':')[1]), family: 'IPv4' },
    })
    // As Fastify answers what is no HTTP: the listener is its own.
    const socket = await connectTo(address!)
    socket.write('nonsense\r\n\r\n')
    expect(await text(socket)).toContain('400 Bad Request')
    await service.stop()
    await expect(fetch(urlOf(address!))).rejects.toThrow('fetch failed')
  })

  test('serves a protocol of its own at several places, and tells its server no Unix socket where one is an address', async () => {
    const path = join(temporaryDirectory(), 'a.sock')
    const service = await open({ listen: [ANY, { path }] })
    let listens: unknown
    await service.serve(({ sockets }) => {
      const server = sockets((socket) => {
        listens = server.address()
        socket.end('hello\n')
      })
    })
    expect(service.addresses).toEqual([expect.stringMatching(/^127/), `unix:${path}`])
    expect(await text(await connectTo(service.addresses[0]!))).toBe('hello\n')
    const socket = connect(path)
    expect(await text(socket)).toBe('hello\n')
    expect(listens).toMatchObject({ address: '127.0.0.1' })
    await service.stop()
    expect(existsSync(path)).toBe(false)
  })

  test('keeps nothing open where making the server fails, or where it cannot listen', async () => {
    const blocker = createServer().listen(0, '127.0.0.1')
    await once(blocker, 'listening')
    onTestFinished(() => void blocker.close())
    const { port } = blocker.address() as { port: number }
    const free = await open()
    await expect(free.serve(() => Promise.reject(new Error('no database')))).rejects.toThrow('no database')
    await free.stopped
    await expect((await open()).serve(() => {})).rejects.toThrow('a service serves something')
    let closed = 0
    const busy = await open({ listen: [ANY, { host: '127.0.0.1', port }] })
    const serving = busy.serve(({ http }) => {
      http(() => {})
      return { close: () => void (closed += 1) }
    })
    await expect(serving).rejects.toMatchObject({
      code: 'undecided',
      message: `cannot listen on 127.0.0.1, port ${port}: the port is in use`,
    })
    await busy.stopped
    expect([closed, busy.addresses.length]).toEqual([1, 1])
    await expect(fetch(urlOf(busy.addresses[0]!))).rejects.toThrow('fetch failed')
  })

  test('reads strictly what the program says of its server, and what it read anew', async () => {
    let closed = 0
    const misspelt = await open()
    const serving = misspelt.serve(({ http }) => {
      http(() => {})
      return { onReload: () => ({}), close: () => void (closed += 1) } as object
    })
    await expect(serving).rejects.toThrow('there is no option "onReload" in serving')
    expect(closed).toBe(1)
    const service = await open()
    await service.serve(({ http }) => {
      http(() => {})
      return { reload: () => ({ takeover: () => {} }) as object }
    })
    expect(await service.reload()).toMatchObject({
      ok: false,
      problem: 'there is no option "takeover" in change: did you mean takeOver?',
    })
  })

  test('closes connections beyond its bound at once', async () => {
    const service = await open()
    await service.serve(({ sockets }) => {
      sockets((socket) => void socket.write('hello\n'))
      return { maxConnections: 1 }
    })
    const first = await connectTo(service.addresses[0]!)
    await once(first, 'data')
    const second = await connectTo(service.addresses[0]!)
    await once(second, 'close')
    first.destroy()
    await expect
      .poll(async () => {
        const third = await connectTo(service.addresses[0]!)
        const got = await Promise.race([once(third, 'data').then(String), once(third, 'close').then(() => '')])
        third.destroy()
        return got
      })
      .toBe('hello\n')
  })

  test('answers with 500 where a handler fails, says why in its log, and goes on', async () => {
    const log = new TestLog()
    const service = await open({ logger: log })
    await service.serve(({ http }) => {
      http(async ({ url }) => {
        throw new Error(`nothing at ${url}`)
      })
    })
    for (const path of ['/a', '/b']) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect((await fetch(urlOf(service.addresses[0]!, path))).status).toBe(500)
    }
    const errors = log.lines.filter(({ level }) => level === 'error')
    expect(errors.map(({ details }) => String((details as { err: Error }).err))).toEqual([
      'Error: nothing at /a',
      'Error: nothing at /b',
    ])
  })

  test('ends requests whose headers do not come', async () => {
    const service = await open()
    await service.serve(({ http }) => void http(() => {}, { headersSeconds: 0.2 }))
    const socket = await connectTo(service.addresses[0]!)
    socket.write('GET / HTTP/1.1\r\n')
    expect(await text(socket)).toContain('408 Request Timeout')
  })

  test.each<[Partial<Record<keyof ServiceOptions, unknown>>, string]>([
    [{ nane: 'x' } as object, 'there is no option "nane": did you mean name?'],
    [{ name: 'A b' }, 'the option name must be a name such as token-manager'],
    [{ listen: [] }, 'the option listen is an empty list'],
    [{ listen: { host: 'localhost' } }, 'the option listen needs host and port, or path'],
    [{ listen: { path: 'run/x.sock' } }, 'the option listen.path must begin with /'],
    [{ listen: { path: '/x', port: 1 } }, 'there is no option "port" in listen'],
    [{ tls: { certificate: '/x' } }, 'the option tls needs certificate and key'],
    [{ tls: { certificate: '/x', key: '/y' } }, 'tls.certificate: the file "/x" cannot be read (ENOENT)'],
    [{ workers: 0 }, 'the option workers must be a number of processes from 1'],
    [{ workers: 2 }, 'give activation, too'],
    [{ signals: 'SIGTERM' }, 'a source of signals, or false'],
    [{ stopSeconds: '5' }, 'the option stopSeconds must be a number of seconds'],
  ])('refuses options that cannot be meant: %o', async (options, message) => {
    const given = { name: 'test', listen: ANY, ...options } as ServiceOptions
    await expect(openService(given)).rejects.toThrow(message)
    await expect(openService(given)).rejects.toMatchObject({ code: 'config_error' })
  })
})

describe('a stop', () => {
  test('finishes requests that have begun, each the last of its connection, and ends what is idle', async () => {
    const service = await open()
    const release = Promise.withResolvers<void>()
    let arrived = 0
    await service.serve(({ http }) => {
      http(async (request, response) => {
        arrived += 1
        if (request.url === '/slow') await release.promise
        response.end('done')
      })
    })
    const agent = new Agent({ keepAlive: true })
    onTestFinished(() => agent.destroy())
    const ask = (path: string): Promise<[IncomingMessage, string]> =>
      new Promise((resolve, reject) => {
        get(urlOf(service.addresses[0]!, path), { agent }, (response) => {
          text(response).then((body) => resolve([response, body]), reject)
        }).on('error', reject)
      })
    await ask('/idle')
    const slow = ask('/slow')
    await expect.poll(() => arrived).toBe(2)
    const stopped = service.stop()
    await setTimeout(100)
    release.resolve()
    expect((await slow)[1]).toBe('done')
    await stopped
    await service.stopped
  })

  test('tells the balancer first and goes on serving, each answer the last of its connection', async () => {
    const service = await open({ drainSeconds: 60, operations: ANY })
    await service.serve(({ http }) => void http((_, response) => response.end('still here')))
    const operations = service.operationsAddress!
    expect((await fetch(urlOf(operations, '/readyz'))).status).toBe(200)
    const stopped = service.stop()
    const ready = await fetch(urlOf(operations, '/readyz'))
    expect([ready.status, await ready.text()]).toEqual([503, 'stopping\n'])
    expect((await fetch(urlOf(operations, '/healthz'))).status).toBe(200)
    const answer = await fetch(urlOf(service.addresses[0]!))
    expect([answer.headers.get('connection'), await answer.text()]).toEqual(['close', 'still here'])
    // The second one ends the waiting.
    void service.stop()
    await stopped
    await expect(fetch(urlOf(operations, '/healthz'))).rejects.toThrow('fetch failed')
  })

  test('ends what takes longer than it may, and says so', async () => {
    const log = new TestLog()
    const service = await open({ logger: log, stopSeconds: 0.1 })
    const arrived = Promise.withResolvers<void>()
    await service.serve(({ http }) => void http(() => arrived.resolve()))
    const failing = fetch(urlOf(service.addresses[0]!)).catch(() => 'ended')
    await arrived.promise
    await service.stop()
    expect(await failing).toBe('ended')
    expect(log.at('warn')).toEqual(['connections were ended in the midst of what they did'])
  })

  test('does not wait for a connection on which nothing ever came', async () => {
    const service = await open()
    await service.serve(({ http }) => void http((_, response) => response.end()))
    const silent = await connectTo(service.addresses[0]!)
    const closed = once(silent, 'close')
    await service.stop()
    await closed
  })

  test('tells a protocol of its own that it ends, and closes what it needed when the last connection is gone', async () => {
    const service = await open()
    const events: string[] = []
    await service.serve(({ sockets }) => {
      let busy: Socket
      sockets((socket) => {
        busy = socket
        events.push('connection')
      })
      return {
        drain: () => {
          events.push('drain')
          busy.once('close', () => events.push('closed'))
          busy.end('bye\n')
        },
        close: () => void events.push('close'),
      }
    })
    const socket = await connectTo(service.addresses[0]!)
    await expect.poll(() => events).toEqual(['connection'])
    const stopped = service.stop()
    expect(await text(socket)).toBe('bye\n')
    await stopped
    expect(events).toEqual(['connection', 'drain', 'closed', 'close'])
  })

  test.each(['SIGTERM', 'SIGINT'])('comes with %s; afterwards nobody listens to signals', async (signal) => {
    const signals = new TestSignals()
    const service = await open({ signals })
    await service.serve(({ http }) => void http(() => {}))
    expect(signals.eventNames()).toEqual(['SIGTERM', 'SIGINT', 'SIGHUP'])
    signals.emit(signal)
    await service.stopped
    expect(signals.eventNames()).toEqual([])
  })

  test('ends also where what the server needed cannot be closed', async () => {
    const log = new TestLog()
    const service = await open({ logger: log })
    await service.serve(({ http }) => {
      http(() => {})
      return { close: () => Promise.reject(new Error('the disk is gone')) }
    })
    await service.stop()
    expect(log.at('error')).toEqual(['what the server needed could not be closed'])
  })
})

describe('a reload', () => {
  test('takes over what the program read, or nothing where it has a mistake, and says which', async () => {
    const log = new TestLog()
    const signals = new TestSignals()
    const service = await open({ logger: log, signals, operations: ANY })
    const file = join(temporaryDirectory(), 'greeting')
    let greeting = 'hello'
    await service.serve(({ http }) => {
      http((_, response) => response.end(greeting))
      return {
        reload: async () => {
          const next = greeting === 'hello' ? 'good day' : ''
          if (next === '') throw new Error(`${file}, line 1: no greeting`)
          return { needsRestart: ['listen'], takeOver: () => void (greeting = next) }
        },
      }
    })
    const ask = async (): Promise<string> => (await fetch(urlOf(service.addresses[0]!))).text()
    const metrics = async (): Promise<string> => (await fetch(urlOf(service.operationsAddress!, '/metrics'))).text()
    expect(await metrics()).toContain('service_reload_good 1')
    signals.emit('SIGHUP')
    await expect.poll(ask).toBe('good day')
    await expect.poll(() => log.at('warn')).toEqual(['only a restart takes over listen'])
    expect(await service.reload()).toEqual({ ok: false, problem: `${file}, line 1: no greeting`, needsRestart: [] })
    expect(await ask()).toBe('good day')
    expect(log.at('error')).toEqual([`nothing was taken over, all stays as it was: ${file}, line 1: no greeting`])
    expect(await metrics()).toMatch(
      /service_reloads_total\{outcome="taken_over"\} 1\nservice_reloads_total\{outcome="refused"\} 1\n[^]*service_reload_good 0/,
    )
  })

  test('comes by itself when a file changes that the program names', async () => {
    const file = join(temporaryDirectory(), 'greeting')
    writeFileSync(file, 'hello')
    const service = await open({ watch: [file], watchSeconds: 0.05 })
    let reloads = 0
    await service.serve(({ http }) => {
      http(() => {})
      return { reload: () => ({ takeOver: () => void (reloads += 1) }) }
    })
    await setTimeout(300)
    expect(reloads).toBe(0)
    writeFileSync(file, 'good day')
    await expect.poll(() => reloads).toBe(1)
  })
})

describe('health and metrics', () => {
  test('tell what keeps the program from serving, in words, and how long it may take to say so', async () => {
    const service = await open({ operations: ANY })
    let problems: () => readonly string[] | Promise<readonly string[]> = () => []
    await service.serve(({ http }) => {
      http((_, response) => response.end())
      return { ready: () => problems(), metrics: () => '# TYPE mine counter\nmine 1\n' }
    })
    const ask = async (path: string): Promise<[number, string]> => {
      const answer = await fetch(urlOf(service.operationsAddress!, path))
      return [answer.status, await answer.text()]
    }
    expect(await ask('/readyz')).toEqual([200, 'ready\n'])
    problems = () => ['the database does not answer']
    expect(await ask('/readyz')).toEqual([503, 'the database does not answer\n'])
    problems = () => new Promise(() => {})
    expect(await ask('/readyz')).toEqual([503, 'no answer in 2 seconds\n'])
    problems = () => Promise.reject(new Error('secret'))
    expect(await ask('/readyz')).toEqual([503, 'whether it is ready could not be found out\n'])
    expect(await ask('/healthz')).toEqual([200, 'ok\n'])
    expect(await ask('/')).toEqual([404, 'healthz, readyz or metrics\n'])
    expect((await fetch(urlOf(service.operationsAddress!, '/healthz'), { method: 'POST' })).status).toBe(405)
    expect((await fetch(urlOf(service.addresses[0]!, '/metrics'))).headers.get('content-length')).toBe('0')
    const [status, metrics] = await ask('/metrics')
    expect(status).toBe(200)
    expect(metrics).toContain('\nmine 1\n')
    expect(metrics).toMatch(/\nservice_connections \d/)
    expect(metrics).toMatch(/\nprocess_resident_memory_bytes \d+/)
    expect(metrics).toMatch(/\nnodejs_eventloop_lag_p99_seconds \d/)
  })
})
