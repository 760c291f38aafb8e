import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  authorityExtension,
  type CertificateSpec,
  crl,
  issue,
  keyUsage,
  newKeys,
  NOW,
  type Party,
  pem,
  spec,
} from '../src/testing/pki.ts'
import { reasonOf, type Scenario, scenario } from './scenario.ts'

const DAY = 86_400

/** Lays further certificates beside those of a scenario: the root is `aaaaaaa0`, the authority below it `aaaaaaa1`. */
function beside(made: Scenario, files: Record<string, Buffer>): void {
  made.spoil = (directory) => {
    for (const [name, der] of Object.entries(files)) writeFileSync(join(directory, 'certificates', name), pem(der))
  }
}

/** The same authority, with the same key unless another is given, at another time. */
function renewed(authority: CertificateSpec, more: Partial<CertificateSpec>): CertificateSpec {
  return { ...authority, serial: authority.serial + 500, ...more }
}

function plain(): Scenario {
  return scenario({ intermediates: 0, proxies: 0, attributes: false })
}

describe('an authority of which several certificates lie in the directory', () => {
  test.each([
    ['that has expired', { notBefore: NOW - 9 * DAY, notAfter: NOW - 1 }],
    ['that is not valid yet', { notBefore: NOW + 1, notAfter: NOW + 9 * DAY }],
  ])('is good by the one that is valid now, whether that lies before or behind one %s', async (_, times) => {
    for (const [valid, other] of [
      ['.0', '.1'],
      ['.1', '.0'],
    ]) {
      const made = plain()
      const good = issue(made.root, undefined)
      const bad = issue(renewed(made.root, times), undefined)
      beside(made, { [`aaaaaaa0${valid}`]: good.der, [`aaaaaaa0${other}`]: bad.der })
      // oxlint-disable-next-line no-await-in-loop -- two
      expect(await reasonOf(made)).toBeUndefined()
    }
  })

  test('is refused for its time when none of them is valid now', async () => {
    const made = plain()
    made.root.notAfter = NOW - 1
    const next = issue(renewed(made.root, { notBefore: NOW + 1, notAfter: NOW + DAY }), undefined)
    beside(made, { 'aaaaaaa0.1': next.der })
    expect(await reasonOf(made)).toBe('not_yet_valid')
  })

  test('with another key for what comes next is good by the key that signed', async () => {
    const made = plain()
    const next = issue(renewed(made.root, { keys: newKeys(), notAfter: NOW + 9 * DAY }), undefined)
    beside(made, { 'aaaaaaa0.1': next.der })
    expect(await reasonOf(made)).toBeUndefined()
    const forged = plain()
    const own = issue(renewed(forged.root, { keys: newKeys(), notAfter: NOW + 9 * DAY }), undefined)
    forged.person.signWith = newKeys().privateKey
    beside(forged, { 'aaaaaaa0.1': own.der })
    expect(await reasonOf(forged)).toBe('bad_signature')
  })

  test('between anchor and person is renewed alike, though the older one hangs below an anchor that is gone', async () => {
    const made = scenario({ intermediates: 1, proxies: 1, attributes: false })
    const [authority] = made.intermediates
    const gone = issue(spec('/CN=gone', [authorityExtension(), keyUsage('keyCertSign')]), undefined)
    // Valid for longer, so that it is looked at first: its way up leads nowhere.
    const crossed = issue(renewed(authority!, { notAfter: NOW + 99 * DAY }), gone)
    beside(made, { 'aaaaaaa1.1': crossed.der })
    expect(await reasonOf(made)).toBeUndefined()
  })

  test('does not lose its revocation list by lying under another name as well', async () => {
    const made = plain()
    made.policy = { revocation: 'if-present' }
    const twin: Party = issue(renewed(made.root, { notAfter: NOW + 99 * DAY }), undefined)
    const list = { revoked: [made.person.serial], thisUpdate: NOW - 1, nextUpdate: NOW + 1, extensions: [] }
    made.crls = [list]
    // No list lies beside this one.
    beside(made, { 'bbbbbbbb.0': twin.der })
    expect(await reasonOf(made)).toBe('revoked')
  })

  test('goes by the revocation list that holds now, though the next one was laid down early', async () => {
    const made = plain()
    const { spoil } = made
    const next = { revoked: [], thisUpdate: NOW + 1, nextUpdate: NOW + DAY, extensions: [] }
    made.crls = [{ revoked: [made.person.serial], thisUpdate: NOW - 1, nextUpdate: NOW + 1, extensions: [] }]
    made.spoil = (directory) => {
      spoil(directory)
      writeFileSync(join(directory, 'certificates', 'aaaaaaa0.r1'), crl(issue(made.root, undefined), next))
    }
    expect(await reasonOf(made)).toBe('revoked')
    made.crls = [{ revoked: [1], thisUpdate: NOW - 1, nextUpdate: NOW + 1, extensions: [] }]
    expect(await reasonOf(made)).toBeUndefined()
  })
})

describe('an authority below another', () => {
  const BELOW = 'TO Issuer SELF PERMIT Subject "/DC=org/DC=example/CN=CA 1"\n'

  test('that the client sent and the directory has not is refused, whatever is asked of namespaces and revocation lists', async () => {
    for (const strictness of ['require', 'if-present', 'ignore'] as const) {
      const made = scenario({ intermediates: 1, proxies: 1, attributes: false })
      made.policy = { namespaces: strictness, revocation: strictness }
      made.trust = ([root]) => [root!]
      made.crls = [made.crls[0]]
      made.namespaces = [made.namespaces[0]]
      // oxlint-disable-next-line no-await-in-loop -- each makes directories of its own
      expect(await reasonOf(made)).toBe('authority_not_installed')
    }
  })

  test.each(['require', 'if-present'] as const)(
    'without a file of its own names only whom the one above it may name (%s)',
    async (namespaces) => {
      const made = scenario({ intermediates: 1, proxies: 0, attributes: false })
      made.policy = { namespaces }
      made.namespaces = [made.namespaces[0], undefined]
      expect(await reasonOf(made)).toBeUndefined()
      made.namespaces = [BELOW, undefined]
      expect(await reasonOf(made)).toBe('outside_namespace')
    },
  )

  test('is bound by what is written of it beside the one above, as IGTF has it', async () => {
    const made = scenario({ intermediates: 1, proxies: 0, attributes: false })
    const own = (pattern: string): string => `TO Issuer "/DC=org/DC=example/CN=CA 1" PERMIT Subject "${pattern}"\n`
    made.namespaces = [`${BELOW}${own('/DC=org/DC=example/OU=People/.*')}`, undefined]
    expect(await reasonOf(made)).toBeUndefined()
    made.namespaces = [`${BELOW}${own('/DC=org/DC=example/OU=Hosts/.*')}`, undefined]
    expect(await reasonOf(made)).toBe('outside_namespace')
  })

  test('with a file of its own goes by that: anchors of IGTF name their authorities and nobody else', async () => {
    const made = scenario({ intermediates: 1, proxies: 0, attributes: false })
    made.namespaces = [BELOW, made.namespaces[1]]
    expect(await reasonOf(made)).toBeUndefined()
  })
})
