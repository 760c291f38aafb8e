import { expect, test } from 'vitest'
import { isSpecialAddress } from '../../src/https/address-guard.ts'

test.each([
  '127.0.0.1',
  '127.255.255.254',
  '10.1.2.3',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '0.0.0.0',
  '224.0.0.1',
  '255.255.255.255',
  '::1',
  '::',
  'fe80::1',
  'fe80::1%eth0',
  'fd00::1',
  'ff02::1',
  '2001:db8::1',
  '64:ff9b::a00:1',
  '::ffff:127.0.0.1',
  '::ffff:10.0.0.1',
  '::ffff:a00:1',
  '::127.0.0.1',
  'localhost',
  '',
])('%s is not a public address', (address) => {
  expect(isSpecialAddress(address)).toBe(true)
})

test.each(['8.8.8.8', '172.32.0.1', '11.0.0.1', '188.184.1.1', '2001:1458:201::1', '2606:4700::1', '::ffff:8.8.8.8'])(
  '%s is a public address',
  (address) => {
    expect(isSpecialAddress(address)).toBe(false)
  },
)
