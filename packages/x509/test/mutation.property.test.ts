import { parseFqan } from '@scitokens/core/internal'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Certificate } from '../src/certificate/certificate.ts'
import { certificatesOfHeader } from '../src/front-end/certificate-header.ts'
import { readCrl } from '../src/authorities/crl.ts'
import { CertificateRefused } from '../src/errors.ts'
import { derParts, derValue, NotDer } from '../src/der/der.ts'
import { readVomsExtension } from '../src/voms/voms-attributes.ts'
import { build, judge, scenario } from './scenario.ts'

const readCertificate = (der: Buffer): Certificate => Certificate.read(der)

test('a chain in which one byte is another one is refused, or stands for the same as before', async () => {
  const made = scenario({ intermediates: 1, proxies: 1, attributes: true })
  const original = await judge(made)
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 255 }), async (which, where, change) => {
      const present = made.present
      const spoiled = {
        ...made,
        present: (chain: ReturnType<typeof present>) =>
          chain.map((party, index) => {
            if (index !== which % chain.length) return party
            const der = Buffer.from(party.der)
            der[where % der.length]! ^= change
            return { ...party, der }
          }),
      }
      const identity = await judge(spoiled).catch((error: unknown) => error)
      if (identity instanceof Error) expect(identity).toBeInstanceOf(CertificateRefused)
      // Certificates are made anew each time, with another signature.
      else expect(identity).toEqual({ ...original, certificate: expect.objectContaining({ verified: true }) })
    }),
    { numRuns: 60 },
  )
})

test('whatever bytes are read, nothing but a refusal comes of them', () => {
  const [leaf] = build(scenario()).chain
  const good = Certificate.read(leaf!.der)
  const seeds = [leaf!.der, good.extensions.get('1.3.6.1.4.1.8005.100.100.5')!.value]
  const mutated = fc
    .tuple(fc.constantFrom(...seeds), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.nat())
    .map(([seed, changes, cut]) => {
      const bytes = Buffer.from(seed)
      for (const [at, value] of changes) bytes[at % bytes.length] = value
      return cut % 4 === 0 ? bytes.subarray(0, cut % bytes.length) : bytes
    })
  fc.assert(
    fc.property(
      fc.oneof(
        mutated,
        fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
      ),
      (bytes) => {
        for (const read of [readCertificate, (der: Buffer) => readVomsExtension(der, readCertificate)]) {
          try {
            read(bytes)
          } catch (error) {
            expect(error).toBeInstanceOf(CertificateRefused)
          }
        }
        // Of the site's own files: any error is one of reading.
        expect(() => readCrl(bytes)).toThrow(Error)
      },
    ),
    { numRuns: 150 },
  )
})

test('DER is cut into parts that put together are what was cut, or is none', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const der = Buffer.from(bytes)
      try {
        expect(Buffer.concat(derParts(der).map(({ whole }) => whole))).toEqual(der)
      } catch (error) {
        expect(error).toBeInstanceOf(NotDer)
      }
    }),
  )
  for (const hex of ['', '30', '3001', '308001', '30810102', '3082000102', '1f0100', '020101ff']) {
    expect(() => derValue(Buffer.from(hex, 'hex'))).toThrow(NotDer)
  }
})

test('a header never gives certificates of which the reader throws anything but a refusal', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.base64String(),
        fc.string().map((text) => `-----BEGIN%20${text}`),
      ),
      (text) => {
        try {
          for (const der of certificatesOfHeader(text)) Certificate.read(der)
        } catch (error) {
          expect(error).toBeInstanceOf(CertificateRefused)
        }
      },
    ),
  )
})

test('an FQAN has plain components, and no text is read as more than it says', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('/', '.', '=', '-', 'a', 'b', 'Role=', 'NULL', '_'), maxLength: 40 }),
      (text) => {
        const fqan = parseFqan(`/${text}`)
        if (!fqan) return
        expect(fqan.group).toMatch(/^(?:\/(?!\.{1,2}(?:\/|$))[\w.-]+)*$/)
        expect(`/${text}`.startsWith(fqan.group)).toBe(true)
        if (fqan.role !== undefined) expect(text).toContain(`Role=${fqan.role}`)
      },
    ),
    { numRuns: 500 },
  )
})
