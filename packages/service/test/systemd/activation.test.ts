import { activationFrom } from '@scitokens/service'
import { expect, test } from 'vitest'

test('sockets have their names, in their order, from the third descriptor on', () => {
  const environment = { LISTEN_PID: '7', LISTEN_FDS: '3', LISTEN_FDNAMES: 'https:operations:' }
  expect(activationFrom(environment, 7).sockets).toEqual([
    { fd: 3, name: 'https' },
    { fd: 4, name: 'operations' },
    { fd: 5, name: 'unknown' },
  ])
  expect(activationFrom({ LISTEN_PID: '7', LISTEN_FDS: '1' }, 7).sockets).toEqual([{ fd: 3, name: 'unknown' }])
})

test.each([
  [{ LISTEN_FDS: '1' }],
  [{ LISTEN_PID: '8', LISTEN_FDS: '1' }],
  [{ LISTEN_PID: '7x', LISTEN_FDS: '1' }],
  [{ LISTEN_PID: '7', LISTEN_FDS: '-1' }],
  [{ LISTEN_PID: '7', LISTEN_FDS: 'all' }],
])('what is meant for another process, or means nothing, is no socket: %o', (environment) => {
  expect(activationFrom(environment, 7).sockets).toEqual([])
})

test('the service manager is told by a descriptor that is connected to it, else by the program for it', () => {
  const environment = { LISTEN_PID: '7', LISTEN_FDS: '2', LISTEN_FDNAMES: 'https:notify', NOTIFY_SOCKET: '/run/n' }
  expect(activationFrom(environment, 7)).toMatchObject({ sockets: [{ fd: 3, name: 'https' }], notify: { fd: 4 } })
  const { notify } = activationFrom({ NOTIFY_SOCKET: '/run/n', PATH: '/bin', OTHER: 'x' }, 7)
  expect(notify).toEqual({ environment: { NOTIFY_SOCKET: '/run/n', PATH: '/bin' } })
  expect(activationFrom({}, 7).notify).toBeUndefined()
})

test('signs of life are for the process that is meant', () => {
  expect(activationFrom({ WATCHDOG_USEC: '30000000' }, 7).watchdogSeconds).toBe(30)
  expect(activationFrom({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '7' }, 7).watchdogSeconds).toBe(30)
  expect(activationFrom({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '8' }, 7).watchdogSeconds).toBeUndefined()
})

test('children get nothing that was meant for this process alone', () => {
  const environment = { PATH: '/bin', LISTEN_PID: '7', LISTEN_FDS: '1', NOTIFY_SOCKET: '/n', WATCHDOG_USEC: '1' }
  expect(activationFrom(environment, 7).childEnvironment).toEqual({ PATH: '/bin' })
})
