import { isIPv4, isIPv6 } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { networkOfPeer, Networks, parseIpAddress } from '../../src/internal.ts'

const read = (...list: string[]): Networks => new Networks(list, { at: 'listen.trustedProxies' })
const mistake = (about: string): unknown =>
  expect.objectContaining({ code: 'config_error', message: expect.stringMatching(about) })

describe('a network', () => {
  test.each([
    ['192.0.2.7', ['192.0.2.7', '::ffff:192.0.2.7', '::ffff:c000:207'], ['192.0.2.8', '192.0.2.70', '::192.0.2.7']],
    ['192.0.2.0/24', ['192.0.2.0', '192.0.2.255'], ['192.0.3.0', '192.0.1.255', '2001:db8::1']],
    ['10.0.0.0/8', ['10.255.255.255', '::ffff:10.1.2.3'], ['11.0.0.0', '::10.1.2.3', '::ffff:0:10.1.2.3']],
    ['128.0.0.0/1', ['128.0.0.0', '255.255.255.255'], ['127.255.255.255']],
    ['2001:db8::/32', ['2001:db8::', '2001:DB8:ffff::1'], ['2001:db9::', '::ffff:32.1.13.184']],
    ['2001:db8::7', ['2001:db8:0:0:0:0:0:7', '2001:0db8::0007'], ['2001:db8::8']],
    ['::1', ['::1', '0:0:0:0:0:0:0:1'], ['127.0.0.1', '::']],
    ['fe80::/10', ['fe80::1', 'febf::1'], ['fec0::1', 'fe80::1%eth0']],
  ])('%s holds what it says, and nothing else', (network, inside, outside) => {
    for (const address of inside) expect([address, read(network).holds(address)]).toEqual([address, true])
    for (const address of outside) expect([address, read(network).holds(address)]).toEqual([address, false])
  })

  test.each([
    ['192.0.2.7/', 'length between 0 and 32'],
    ['192.0.2.7/ ', 'length between 0 and 32'],
    ['192.0.2.0/024', 'length between 0 and 32'],
    ['10.0.0.0/033', 'length between 0 and 32'],
    ['192.0.2.0/33', 'length between 0 and 32'],
    ['192.0.2.0/-1', 'length between 0 and 32'],
    ['192.0.2.0/2e1', 'length between 0 and 32'],
    ['192.0.2.0/0x18', 'length between 0 and 32'],
    ['192.0.2.0/24/24', 'length between 0 and 32'],
    ['192.0.2.0/255.255.255.0', 'length between 0 and 32'],
    ['2001:db8::/129', 'length between 0 and 128'],
    ['10.1.2.3/8', 'write 10\\.0\\.0\\.0/8'],
    ['1.2.3.4/0', 'write 0\\.0\\.0\\.0/0'],
    ['2001:db8::1/32', 'write 2001:db8::/32'],
    ['::ffff:192.0.2.7', 'is an IPv4 address: write 192\\.0\\.2\\.7'],
    ['::ffff:0:0/96', 'is an IPv4 address'],
    ['fe80::1%eth0', 'has a zone'],
    ['fe80::%eth0/10', 'has a zone'],
    ['0.0.0.0/0', 'is everybody'],
    ['::/0', 'is everybody'],
    ['', 'neither an address nor a network'],
    ['/8', 'neither an address nor a network'],
    ['here', 'neither an address nor a network'],
    ['localhost', 'neither an address nor a network'],
    ['loopback', 'neither an address nor a network'],
    ['10.0.0', 'neither an address nor a network'],
    ['10', 'neither an address nor a network'],
    ['192.0.02.7', 'neither an address nor a network'],
    ['0x7f.0.0.1', 'neither an address nor a network'],
    ['192.0.2.256', 'neither an address nor a network'],
    [' 192.0.2.7', 'neither an address nor a network'],
    ['192.0.2.7\n', 'neither an address nor a network'],
    ['192.0.2.7,192.0.2.8', 'neither an address nor a network'],
    ['[::1]', 'neither an address nor a network'],
    ['2001:db8::1::2', 'neither an address nor a network'],
    ['2001:db8:1', 'neither an address nor a network'],
    ['1:2:3:4:5:6:7:8:9', 'neither an address nor a network'],
    [7 as unknown as string, 'neither an address nor a network'],
  ])('is not %j', (text, why) => {
    expect(() => read('192.0.2.1', text)).toThrow(mistake(`^listen\\.trustedProxies: .*${why}`))
  })

  test('is in a list', () => {
    expect(() => new Networks('192.0.2.7' as never, { at: 'listen.trustedProxies' })).toThrow(mistake('must be a list'))
  })

  test('may be everybody where that is allowed', () => {
    const all = new Networks(['0.0.0.0/0', '::/0'], { at: 'rateLimit.addresses', everybody: true })
    expect(['192.0.2.7', '::ffff:192.0.2.7', '2001:db8::1'].map((address) => all.holds(address))).not.toContain(false)
    expect(all.holds('no address')).toBe(false)
  })

  test('meets another where they have an address in common', () => {
    const loopback = read('127.0.0.0/8', '::1')
    for (const list of [['127.0.0.1'], ['192.0.2.7', '::1'], ['126.0.0.0/7'], ['127.0.0.0/8']]) {
      expect([list, read(...list).meets(loopback)]).toEqual([list, true])
    }
    expect(read('128.0.0.0/8', '::2', '192.0.2.7').meets(loopback)).toBe(false)
  })
})

describe('an address', () => {
  test('is what Node takes for one, but for a zone and zeros in front', () => {
    const piece = fc.constantFrom(
      '0',
      '1',
      '00',
      '01',
      '255',
      '256',
      'ffff',
      'g',
      '',
      ':',
      '::',
      '.',
      '192.0.2.7',
      '%1',
      ' ',
    )
    const text = fc.oneof(
      fc.array(piece, { maxLength: 12 }).map((all) => all.join('')),
      fc.ipV4(),
      fc.ipV6(),
    )
    fc.assert(
      fc.property(text, (one) => {
        const isOne = isIPv4(one) || (isIPv6(one) && !one.includes('%'))
        expect([one, parseIpAddress(one) !== undefined]).toEqual([one, isOne])
      }),
      {
        numRuns: 3000,
        examples: [['::'], ['1::'], ['::1'], ['1:2:3:4:5:6:192.0.2.7'], ['1::2:3:4:5:6:7:8'], ['::1:2:3:4:5:6:7']],
      },
    )
  })

  test.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::', '2001:db8:1:2::/64'],
    ['::1', '::/64'],
    ['no address', 'no address'],
  ])('%s is counted as %s', (address, counted) => {
    expect(networkOfPeer(address)).toBe(counted)
  })
})
