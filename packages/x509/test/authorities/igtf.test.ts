import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { silentLogger } from '@scitokens/core/internal'
import { describe, expect, test } from 'vitest'
import { authorityPaths } from '../../src/path/authority-paths.ts'
import { CaDirectory } from '../../src/authorities/ca-directory.ts'
import { Certificate } from '../../src/certificate/certificate.ts'
import { mayName, readSigningPolicy } from '../../src/authorities/namespaces.ts'
import { checkAuthority } from '../../src/path/path-rules.ts'
import { certificatesOfPem } from '../../src/der/pem.ts'
import { SignatureChecks } from '../../src/certificate/signature-checks.ts'
import { temporaryDirectory } from '../scenario.ts'

// The authorities of the grid as Debian has them: igtf-policy-classic, -iota, -mics.
const ROOT = '/usr/share/igtf-policy'
const PROFILES = ['classic', 'iota', 'mics'].filter((profile) => existsSync(join(ROOT, profile)))

test.runIf(process.env['CI'])('the authorities of IGTF are there in continuous integration', () => {
  expect(PROFILES, 'apt-get install igtf-policy-classic igtf-policy-iota igtf-policy-mics').toHaveLength(3)
})

describe.each(PROFILES)('the authorities of IGTF (%s)', (profile) => {
  const directory = join(ROOT, profile)
  const files = readdirSync(directory)

  test('are all read and found, are authorities, and have a file that says what they may name', async () => {
    const problems: string[] = []
    const note = (_: object, message: string): void => void problems.push(message)
    const authorities = new CaDirectory(directory, { error: note })
    const certificates = files
      .filter((file) => /^[\da-f]{8}\.\d$/.test(file))
      .flatMap((file) => certificatesOfPem(readFileSync(join(directory, file), 'latin1')))
      .map((der) => Certificate.read(der))
    expect(certificates.length).toBeGreaterThan(3)
    for (const certificate of certificates) {
      checkAuthority(certificate, 0)
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const [found] = await authorities.find(certificate.subject)
      expect(found?.certificate.subject.text).toBe(certificate.subject.text)
      // oxlint-disable-next-line no-await-in-loop -- as above
      expect((await authorities.namespaces(found!))?.length, certificate.subject.text).toBeGreaterThan(0)
    }
    expect(problems).toEqual([])
  })

  test('have signing policies that are understood', () => {
    for (const file of files.filter((name) => name.endsWith('.signing_policy'))) {
      expect(readSigningPolicy(readFileSync(join(directory, file), 'utf8')).length, file).toBeGreaterThan(0)
    }
  })
})

test.runIf(PROFILES.length === 3)(
  'each authority of IGTF has a path to an anchor that may name it, and a key that is used',
  async () => {
    const directory = temporaryDirectory()
    for (const profile of PROFILES) cpSync(join(ROOT, profile), directory, { recursive: true, dereference: true })
    const authorities = new CaDirectory(directory, silentLogger)
    const certificates = readdirSync(directory)
      .filter((file) => /^[\da-f]{8}\.\d$/.test(file))
      .flatMap((file) => certificatesOfPem(readFileSync(join(directory, file), 'latin1')))
      .map((der) => Certificate.read(der))
    const below = certificates.filter(({ issuer, subject }) => !issuer.equals(subject))
    expect(below.length).toBeGreaterThan(20)
    expect(certificates.filter(({ weakness }) => weakness !== undefined)).toEqual([])
    for (const certificate of below) {
      const request = { others: [], now: certificate.notBefore + 1, checks: new SignatureChecks() }
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const [path] = await authorityPaths(certificate, authorities, request)
      // oxlint-disable-next-line no-await-in-loop -- as above
      expect(await mayName(certificate.subject, path!, authorities), certificate.subject.text).toBe(true)
    }
  },
)
