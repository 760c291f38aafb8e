import { generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto'
import { silentLogger } from '@scitokens/core/internal'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { CaDirectory } from '../src/authorities/ca-directory.ts'
import { ChainVerifier } from '../src/chain-verifier.ts'
import { Certificate } from '../src/certificate/certificate.ts'
import { weaknessOf } from '../src/certificate/key-strength.ts'
import { bits, integer, nothing, oid, seq, set, utf8 } from '../src/testing/der-builder.ts'
import {
  authorityExtension,
  issue,
  type KeyPair,
  keyUsage,
  newKeys,
  NOW,
  type Party,
  spec,
} from '../src/testing/pki.ts'
import { build, lay, reasonOf, type Scenario, scenario, temporaryDirectory } from './scenario.ts'

/** Counts the checks of signatures of certificates. They are done all the same. */
function countedChecks(): () => number {
  const spy = vi.spyOn(X509Certificate.prototype, 'verify')
  onTestFinished(() => spy.mockRestore())
  return () => spy.mock.calls.length
}

/** A key with a modulus and an exponent as they come. */
function rsaKey(modulus: Buffer, exponent: Buffer): Buffer {
  const number = (bytes: Buffer): Buffer => integer(BigInt(`0x${bytes.toString('hex')}`))
  return seq(seq(oid('1.2.840.113549.1.1.1'), nothing), bits(seq(number(modulus), number(exponent))))
}

function modulusOf(bitLength: number): Buffer {
  const bytes = randomBytes(bitLength / 8)
  bytes[0]! |= 0x80
  bytes[bytes.length - 1]! |= 1
  return bytes
}

const spki = ({ publicKey }: KeyPair): Buffer => publicKey.export({ type: 'spki', format: 'der' })
const F4 = Buffer.from('010001', 'hex')

describe('a key is judged by its bytes, before anything is done with it', () => {
  test.each([
    ['RSA of 2048 bits', rsaKey(modulusOf(2048), F4)],
    ['RSA of 8192 bits', rsaKey(modulusOf(8192), F4)],
    ['RSA with the exponent 3', rsaKey(modulusOf(2048), Buffer.from([3]))],
    ...['prime256v1', 'secp384r1', 'secp521r1'].map((curve) => [curve, spki(newKeys(curve))] as const),
    ['Ed25519', spki(generateKeyPairSync('ed25519'))],
  ] as const)('good: %s', (_, key) => {
    expect(weaknessOf(key)).toBeUndefined()
  })

  test.each([
    ['RSA of 2040 bits', rsaKey(modulusOf(2040), F4), 'its modulus has 2040 bits'],
    ['RSA of 1024 bits', rsaKey(modulusOf(1024), F4), 'its modulus has 1024 bits'],
    ['RSA of 8200 bits', rsaKey(modulusOf(8200), F4), 'its modulus has 8200 bits'],
    ['RSA of 16384 bits', rsaKey(modulusOf(16_384), F4), 'its modulus has 16384 bits'],
    ['RSA with an exponent as long as the modulus', rsaKey(modulusOf(3072), modulusOf(3072)), /exponent, of 3072 bits/],
    ['RSA with an exponent of 40 bits', rsaKey(modulusOf(2048), modulusOf(40)), /exponent, of 40 bits/],
    ['RSA with an even exponent', rsaKey(modulusOf(2048), Buffer.from([4])), /exponent/],
    ['RSA with the exponent 1', rsaKey(modulusOf(2048), Buffer.from([1])), /exponent/],
    ['RSA with the exponent 0', rsaKey(modulusOf(2048), Buffer.from([0])), /exponent/],
    ['sect571r1', spki(newKeys('sect571r1')), /curve 1\.3\.132\.0\.39 is none of/],
    ['brainpoolP512r1', spki(newKeys('brainpoolP512r1')), /is none of/],
    ['secp256k1', spki(newKeys('secp256k1')), /is none of/],
    [
      'P-256 that brings its own numbers',
      spki(generateKeyPairSync('ec', { namedCurve: 'prime256v1', paramEncoding: 'explicit' })),
      'its curve has no name',
    ],
    ['DSA', seq(seq(oid('1.2.840.10040.4.1'), seq()), bits(integer(5))), /nothing is known of its type/],
    ['X25519', spki(generateKeyPairSync('x25519')), /nothing is known of its type/],
  ] as const)('none to be used: %s', (_, key, why) => {
    expect(weaknessOf(key)).toMatch(why)
  })

  test('a certificate with a bad one is read, never used, and refused as weak_key', async () => {
    const checks = countedChecks()
    for (const curve of ['sect571r1', 'secp224r1', 'brainpoolP384r1']) {
      const made = scenario({ intermediates: 0, proxies: 0, attributes: false })
      made.person.keys = newKeys(curve)
      // oxlint-disable-next-line no-await-in-loop -- one after the other, to be counted
      expect(await reasonOf(made)).toBe('weak_key')
    }
    expect(checks()).toBe(0)
    const authority = Certificate.read(issue(spec('/CN=CA', [], { keys: newKeys('sect571r1') }), undefined).der)
    expect(authority.isSignedBy(authority)).toBe(false)
    expect(() => authority.publicKey).toThrow(expect.objectContaining({ defect: 'weak_key' }))
    expect(checks()).toBe(0)
  })
})

/** What a stranger makes for nothing: as many certificates as are read, all of one name, each with a key of its own. */
function ofOneName(name: string, issuerName: string, curve: string): Party[] {
  const extensions = [authorityExtension(), keyUsage('digitalSignature', 'keyCertSign')]
  return Array.from({ length: 16 }, () =>
    issue(spec(name, extensions, { issuerName, keys: newKeys(curve) }), undefined),
  )
}

/** A chain of as many, each issued by the next. */
function chainOf(curve: string, top?: string): Party[] {
  const names = Array.from({ length: 16 }, (_, index) => `/DC=org/DC=example/CN=${index}`)
  return names.map((name, index) =>
    issue(
      spec(name, [keyUsage('digitalSignature', 'keyCertSign'), ...(index > 0 ? [authorityExtension()] : [])], {
        issuerName: names[index + 1] ?? top ?? name,
        keys: newKeys(curve),
      }),
      undefined,
    ),
  )
}

const ROOT = '/DC=org/DC=example/CN=Root'

describe('certificates that a stranger made cost nearly nothing', () => {
  const plain = (): Scenario => scenario({ intermediates: 0, proxies: 0, attributes: false })

  test.each([
    ['sixteen of one name', () => ofOneName('/CN=x', '/CN=x', 'prime256v1'), 0],
    ['a chain of sixteen', () => chainOf('prime256v1'), 0],
    ['a chain of sixteen that names an authority of the directory on top', () => chainOf('prime256v1', ROOT), 0],
    ['sixteen with keys that are dear to use', () => ofOneName('/CN=x', '/CN=x', 'sect571r1'), 0],
    // Which the directory's own key does not hold for: the one check there is.
    [
      'sixteen of one name that name an authority of the directory',
      () => ofOneName('/CN=x', ROOT, 'prime256v1').map(plainly),
      1,
    ],
  ] as const)('%s: no more than the checks that the directory allows', async (_, made, most) => {
    const checks = countedChecks()
    const attacked = plain()
    const sent = made()
    attacked.present = () => sent
    expect(await reasonOf(attacked)).toBeTypeOf('string')
    // The anchor's own signature is checked once for all requests, when a path reaches it.
    expect(checks()).toBeLessThanOrEqual(most)
  })

  test('proxies of one name below a person of a trusted authority’s name cost no check by their own keys', async () => {
    const checks = countedChecks()
    const attacked = scenario({ intermediates: 0, proxies: 1, attributes: false })
    const person = attacked.person.subject
    attacked.present = ([proxy]) => [
      proxy!,
      ...Array.from({ length: 15 }, () => issue(spec(person, [], { issuerName: ROOT }), undefined)),
    ]
    expect(await reasonOf(attacked)).toBe('bad_signature')
    // Each claims to be the person: so many are asked for, each by the authority's key, and none of their keys is used.
    expect(checks()).toBeLessThanOrEqual(8)
  })

  test('what a connection showed is read and checked once, whatever others show in between', async () => {
    const directory = temporaryDirectory()
    const { authorities, chain } = build(scenario({ intermediates: 1, proxies: 3, attributes: false }))
    const verifier = new ChainVerifier({
      authorities: new CaDirectory(lay(scenario(), authorities, directory).certificates, silentLogger),
      revocation: 'ignore',
      namespaces: 'ignore',
      proxies: { legacy: false, limited: true },
      voms: undefined,
    })
    const shown = chain.map(({ der }) => der)
    await verifier.verify(shown, NOW)
    const checks = countedChecks()
    const keys = newKeys()
    for (let other = 0; other < 600; other++) {
      const der = issue(spec(`/CN=${other}`, [], { keys }), undefined).der
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await expect(verifier.verify([der], NOW)).rejects.toMatchObject({ defect: 'unknown_authority' })
    }
    await verifier.verify(shown, NOW)
    expect(checks()).toBe(0)
  })

  test('a member who sends what nobody sends is stopped at a number of checks', async () => {
    const made = scenario({ intermediates: 0, proxies: 1, attributes: true })
    // Eight attribute certificates, which is the most: the same signature check each, all within what a request may cost.
    made.attributes = Array.from({ length: 8 }, () => made.attributes[0]!)
    expect(await reasonOf(made)).toBeUndefined()
    made.attributes = Array.from({ length: 9 }, () => made.attributes[0]!)
    expect(await reasonOf(made)).toBe('too_large')
  })
})

/** As an end-entity's. */
function plainly({ spec: made }: Party): Party {
  return issue({ ...made, extensions: [keyUsage('digitalSignature')] }, undefined)
}

describe('a certificate is read in time that does not depend on what a stranger filled it with', () => {
  const tiny = Buffer.concat(Array.from({ length: 50_000 }, () => Buffer.from([0x30, 0x00])))
  const good = issue(spec('/DC=org/DC=example/CN=Ana', [keyUsage('digitalSignature')]), undefined).der
  const filled: readonly (readonly [string, () => Buffer])[] = [
    ['an extension of many values', () => issue(spec('/CN=x', [{ oid: '1.2.3', value: seq(tiny) }]), undefined).der],
    [
      'a name of many components',
      () => issue(spec('/CN=x', [], { rawSubject: seq(...manyComponents(8000)) }), undefined).der,
    ],
    [
      'a component of many values',
      () => issue(spec('/CN=x', [], { rawSubject: seq(set(...manyComponents(8000))) }), undefined).der,
    ],
    ['many extensions', () => issue(spec('/CN=x', manyExtensions(5000)), undefined).der],
    [
      'basic constraints of many values',
      () => issue(spec('/CN=x', [{ oid: '2.5.29.19', value: seq(tiny) }]), undefined).der,
    ],
  ]

  test.each(filled)('%s', (_, make) => {
    const der = make()
    expect(der.length).toBeGreaterThan(60_000)
    const cost = (bytes: Buffer): number => {
      const begin = process.cpuUsage()
      try {
        Certificate.read(bytes)
      } catch (error) {
        expect(error).toMatchObject({ code: 'bad_certificate' })
      }
      const { user, system } = process.cpuUsage(begin)
      return user + system
    }
    const least = (bytes: Buffer): number => Math.min(...Array.from({ length: 15 }, () => cost(Buffer.from(bytes))))
    least(good)
    // A hundred times as long. With a general reader of ASN.1 it took hundreds of times as long to read.
    expect(least(der)).toBeLessThan(40 * least(good) + 2000)
  })
})

function manyComponents(count: number): Buffer[] {
  return Array.from({ length: count }, () => set(seq(oid('2.5.4.3'), utf8('x'))))
}

function manyExtensions(count: number): { oid: string; value: Buffer }[] {
  return Array.from({ length: count }, (_, index) => ({ oid: `1.2.3.${index}`, value: Buffer.alloc(4) }))
}
