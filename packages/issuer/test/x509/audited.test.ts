import { X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openVerifier } from '../../../x509/src/open-verifier.ts'
import { startIssuer } from '../harness.ts'
import { newKeys, NO_REVOCATION, targets } from '../../../x509/src/testing/pki.ts'
import { build, lay, type Scenario, scenario, temporaryDirectory } from '../../../x509/test/scenario.ts'

const SECRET = 'a-secret-that-the-front-end-shares-with-us'
const ANA = '/DC=org/DC=example/OU=People/CN=Ana'

/** Asks for a token with the chain of a scenario, and answers the audit line with the certificate that it is about. */
async function audited(made: Scenario): Promise<{ line: object; ana: object }> {
  const directory = temporaryDirectory()
  const { authorities, person, chain } = build(made)
  const { certificates, vomsdir } = lay(made, authorities, directory)
  const [rules, dnMapping] = [join(directory, 'rules.json'), join(directory, 'mapping.json')]
  writeFileSync(rules, JSON.stringify({ rules: [{ match: `dn:${ANA}`, scopes: ['read:/store'] }] }))
  writeFileSync(dnMapping, JSON.stringify({ [ANA]: 'ana' }))
  const frontEnd = { secret: SECRET, certificateHeader: 'x-cert', chainHeader: 'x-chain' }
  const hosts = ['issuer.example.org']
  const verifier = await openVerifier({ authorities: certificates, vomsDirectory: vomsdir, hosts, frontEnd })
  const x509 = { verifier, rules, dnMapping, audiences: ['x'] }
  const harness = await startIssuer({ x509 })
  const [leaf, ...rest] = made.present(chain).map(({ der }) => der.toString('base64'))
  const headers = Object.fromEntries(rest.map((text, index) => [`x-chain-${index}`, text]))
  await harness.token(
    { grant_type: 'client_credentials' },
    { ...headers, 'x-front-end-secret': SECRET, 'x-cert': leaf! },
  )
  const { fingerprint256, serialNumber } = new X509Certificate(person.der)
  const ana = {
    certificate: fingerprint256.replaceAll(':', '').toLowerCase(),
    certificateDn: ANA,
    certificateIssuer: '/DC=org/DC=example/CN=CA 1',
    certificateSerial: serialNumber.toLowerCase(),
  }
  return { line: harness.audit.events.at(-1)!, ana }
}

test('the audit line of a token has the certificate of the person behind it: name, issuer, serial number and fingerprint', async () => {
  const { line, ana } = await audited(scenario())
  expect(line).toMatchObject({ event: 'token_issued', subject: 'ana', ...ana })
})

test('a refusal of attributes says whose they are, for an authority vouches for that', async () => {
  const made = scenario()
  made.attributes[0]!.extensions = [NO_REVOCATION, targets('ce.example.org')]
  const { line, ana } = await audited(made)
  expect(line).toMatchObject({
    event: 'token_refused',
    subject: ANA,
    detail: expect.stringMatching(/^voms_wrong_target: /),
    ...ana,
  })
})

test('attributes that cannot be judged are told in the same way', async () => {
  const made = scenario()
  made.lsc = { 'cms/voms.example.org.lsc': 'nonsense' }
  const { line, ana } = await audited(made)
  expect(line).toMatchObject({ subject: ANA, detail: expect.stringMatching(/^vomsdir_unreadable: /), ...ana })
})

test('what was refused before an authority vouched for it is told as it was shown, and is nobody’s', async () => {
  const made = scenario()
  made.person.signWith = newKeys().privateKey
  const { line, ana } = await audited(made)
  expect(line).toMatchObject({ event: 'token_refused', detail: expect.stringMatching(/^bad_signature: /), ...ana })
  expect(line).not.toHaveProperty('subject')
})
