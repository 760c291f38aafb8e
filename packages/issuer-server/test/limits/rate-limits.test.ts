import { describe, expect, test } from 'vitest'
import { readRateLimits } from '../../src/limits/rate-limits.ts'
import { askToken, ROBOT, serve } from '../served.ts'

describe('limits as written', () => {
  const limits = readRateLimits({
    perAddress: 10,
    perClient: 5,
    addresses: { '192.0.2.7': 100, '192.0.2.0/24': 50, '2001:db8::/32': 70 },
    clients: { submit: 1000 },
  })

  test.each([
    ['192.0.2.7', 100],
    ['192.0.2.8', 50],
    ['192.0.3.7', 10],
    ['::ffff:192.0.2.7', 100],
    ['2001:db8:1::1', 70],
    ['2001:db9::1', 10],
    ['no address', 10],
  ])('give %s %d requests a minute: the first network that fits counts', (address, limit) => {
    expect(limits.forAddress(address)).toBe(limit)
  })

  test('are for a client by its id, and for nobody by the name of a property of all objects', () => {
    expect([limits.forClient('submit'), limits.forClient('other'), limits.forClient('constructor')]).toEqual([
      1000, 5, 5,
    ])
  })

  test.each([
    'here',
    '192.0.2.0/33',
    '2001:db8::/129',
    '/8',
    '192.0.2.0/x',
    '192.0.2.7/',
    '10.1.2.3/8',
    '::ffff:10.0.0.1',
  ])('refuse %j, which is no network', (network) => {
    expect(() => readRateLimits({ addresses: { [network]: 5 } })).toThrow(
      expect.objectContaining({ code: 'config_error', message: expect.stringContaining('rateLimit.addresses') }),
    )
  })
})

const statuses = async (url: string, count: number, client?: string): Promise<number[]> => {
  const answers: number[] = []
  for (let asked = 0; asked < count; asked++) answers.push((await askToken(url, client ? { client } : {})).status)
  return answers
}

describe('a running issuer', () => {
  test('answers one address no more often than its limit, whatever clients it names', async () => {
    const { url } = await serve(`${ROBOT}rateLimit: { perAddress: 3 }\n`)
    expect([...(await statuses(url, 2)), ...(await statuses(url, 2, 'other'))]).toEqual([200, 200, 401, 429])
    const refused = await askToken(url)
    const retryAfter = Number(refused.headers.get('retry-after'))
    expect(retryAfter).toBeGreaterThan(0)
    expect(retryAfter).toBeLessThanOrEqual(60)
  })

  test('gives more to an address and a client that the configuration names, from the reload on', async () => {
    const { url, served, write } = await serve(`${ROBOT}rateLimit: { perAddress: 2, perClient: 2 }\n`)
    expect(await statuses(url, 3)).toEqual([200, 200, 429])
    await write(
      `${ROBOT}rateLimit: { perAddress: 2, perClient: 2, addresses: { 127.0.0.0/8: 99 }, clients: { robot: 6 } }\n`,
    )
    await served.reload()
    expect(await statuses(url, 5)).toEqual([200, 200, 200, 200, 429])
  })

  test('does not let one client use up the limit of another at the same address', async () => {
    const { url } = await serve(`${ROBOT}rateLimit: { perClient: 2 }\n`)
    expect([...(await statuses(url, 3, 'other')), ...(await statuses(url, 1))]).toEqual([401, 401, 429, 200])
  })

  test('bounds what one person gets, as configured and as configured anew', async () => {
    const { served, write } = await serve(`${ROBOT}rateLimit: { perUser: 4 }\n`)
    expect(served.issuer.realms[0]!.userLimit!.max).toBe(4)
    await write(`${ROBOT}rateLimit: { perUser: 5 }\n`)
    await served.reload()
    expect(served.issuer.realms[0]!.userLimit!.max).toBe(5)
  })
})
