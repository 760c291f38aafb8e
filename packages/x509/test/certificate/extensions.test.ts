import { expect, test } from 'vitest'
import { readBasicConstraints, readKeyUsage, readPurposes } from '../../src/certificate/extensions.ts'

const der = (hex: string): Buffer => Buffer.from(hex, 'hex')

test.each([
  ['3000', false, undefined],
  ['30030101ff', true, undefined],
  ['30030101 00', false, undefined],
  ['30060101ff020100', true, 0],
  ['30060101ff02010a', true, 10],
  ['30070101ff02020100', true, 256],
  ['3003020105', false, 5],
])('basic constraints %s: authority %s, path length %s', (hex, isAuthority, pathLength) => {
  expect(readBasicConstraints(der(hex.replaceAll(' ', '')))).toEqual({ isAuthority, pathLength })
})

test.each([
  '',
  '0101ff',
  '30040102ffff',
  '30060101ff0201ff',
  '30060101ff020200',
  '30090101ff020100020100',
  '30030201',
  '300302010500',
])('basic constraints %j make no sense', (hex) => {
  expect(() => readBasicConstraints(der(hex))).toThrow()
})

// The first bit is 1, as OpenSSL's names are ordered: digitalSignature, nonRepudiation, keyEncipherment …
test.each([
  ['03020780', 0b1],
  ['030205a0', 0b101],
  ['03020106', 0b110_0000],
  ['0303078080', 0b1_0000_0001],
  ['030100', 0],
])('key usage %s is %i', (hex, bits) => {
  expect(readKeyUsage(der(hex))).toBe(bits)
})

test.each(['', '0300', '030108', '030107', '03020880', '04020780', '0306000000000001'])(
  'key usage %j makes no sense',
  (hex) => {
    expect(() => readKeyUsage(der(hex))).toThrow()
  },
)

test.each([
  ['3000', []],
  ['300a06082b06010505070302', ['1.3.6.1.5.5.7.3.2']],
  ['30060604551d2500', ['2.5.29.37.0']],
])('purposes %s are %j', (hex, purposes) => {
  expect(readPurposes(der(hex))).toEqual(purposes)
})

test.each(['', '06082b06010505070302', '30020500', '3003060180'])('purposes %j make no sense', (hex) => {
  expect(() => readPurposes(der(hex))).toThrow()
})
