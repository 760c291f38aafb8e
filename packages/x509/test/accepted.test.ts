import { describe, expect, test } from 'vitest'
import {
  type ExtensionSpec,
  INDEPENDENT,
  integerExtension,
  LIMITED,
  NOW,
  PROXY_CERT_INFO,
  proxyInfo,
  targets,
  vomsTargets,
  NO_REVOCATION,
} from '../src/testing/pki.ts'
import { judge, reasonOf, scenario } from './scenario.ts'
import { context, implicit, integer, nameOf, oid, printable, seq } from '../src/testing/der-builder.ts'

const ANA = '/DC=org/DC=example/OU=People/CN=Ana'

describe('a certificate', () => {
  test('stands for the name in it, with whatever authorities are between', async () => {
    for (const intermediates of [0, 1, 3]) {
      // oxlint-disable-next-line no-await-in-loop -- each makes directories of its own
      const identity = await judge(scenario({ intermediates, proxies: 0, attributes: false }))
      expect(identity).toEqual({
        dn: ANA,
        username: undefined,
        fqans: [],
        limited: false,
        notAfter: NOW + 86_400,
        certificate: expect.objectContaining({ dn: ANA, verified: true }),
      })
    }
  })

  test('is good although its chain was sent in another order, or with certificates that are nobody’s', async () => {
    const made = scenario()
    const other = scenario({ intermediates: 0, proxies: 0, attributes: false })
    made.present = ([leaf, ...rest]) => [leaf!, ...rest.toReversed()]
    expect(await reasonOf(made)).toBeUndefined()
    made.present = (chain) => [...chain, { ...chain[0]!, spec: other.root, der: chain[0]!.der }]
    expect(await reasonOf(made)).toBeUndefined()
  })

  test('is good when the authorities between lie in the directory and are not sent', async () => {
    const made = scenario()
    made.present = (chain) => chain.filter(({ spec: { subject } }) => !subject.includes('/CN=CA '))
    expect(await reasonOf(made)).toBeUndefined()
  })

  test('has the same name whatever kind of text, case and blanks it is written in', async () => {
    const made = scenario()
    made.person.rawSubject = nameOf(made.person.subject.replace('People', 'PEOPLE').replace('Ana', ' Ana  '), printable)
    expect(await reasonOf(made)).toBeUndefined()
    // What it stands for is what is written.
    expect((await judge(made)).dn).toBe('/DC=org/DC=example/OU=PEOPLE/CN= Ana  ')
    made.person.rawSubject = nameOf('/DC=org/DC=example/OU=People/CN=Zo\u00eb')
    made.proxies = []
    made.attributes = []
    expect((await judge(made)).dn).toBe(String.raw`/DC=org/DC=example/OU=People/CN=Zo\xC3\xAB`)
  })

  test('goes without revocation lists and namespaces where the site says so, and heeds those that are there', async () => {
    const made = scenario()
    made.crls = []
    made.namespaces = []
    made.policy = { revocation: 'if-present', namespaces: 'if-present' }
    expect(await reasonOf(made)).toBeUndefined()
    const revoked = scenario()
    revoked.policy = { revocation: 'if-present', namespaces: 'if-present' }
    revoked.crls[1] = { revoked: [revoked.person.serial], thisUpdate: NOW - 1, nextUpdate: NOW + 1, extensions: [] }
    expect(await reasonOf(revoked)).toBe('revoked')
    revoked.policy = { revocation: 'ignore' }
    expect(await reasonOf(revoked)).toBeUndefined()
  })

  test('heeds a signing policy of Globus as it heeds a namespace', async () => {
    const made = scenario()
    made.namespaceFile = 'signing_policy'
    made.namespaces = [made.root, ...made.intermediates].map(
      ({ subject }) =>
        `# Globus EACL\naccess_id_CA      X509    '${subject}'\npos_rights        globus  CA:sign\n` +
        `cond_subjects     globus  '"/DC=org/DC=example/*" "/C=DE/*"'\n`,
    )
    expect(await reasonOf(made)).toBeUndefined()
  })

  test('is judged by a revocation list that says where it was published, and by the newer of two', async () => {
    const made = scenario()
    const point = seq(Buffer.concat([Buffer.from([0xa0, 2]), implicit(0, Buffer.alloc(0))]))
    made.crls[0] = {
      revoked: [],
      thisUpdate: NOW - 1,
      nextUpdate: NOW + 1,
      extensions: [integerExtension('2.5.29.20', 7), { oid: '2.5.29.28', critical: true, value: point }],
    }
    expect(await reasonOf(made)).toBeUndefined()
  })
})

describe('a proxy', () => {
  test('stands for the person behind it, and ends with the first of the chain', async () => {
    const made = scenario({ intermediates: 1, proxies: 3, attributes: false })
    made.proxies[1]!.notAfter = NOW + 600
    expect(await judge(made)).toMatchObject({ dn: ANA, fqans: [], limited: false, notAfter: NOW + 600 })
  })

  test('that is limited stays so', async () => {
    const made = scenario()
    for (const proxy of made.proxies) proxy.extensions[1] = proxyInfo(LIMITED)
    expect(await judge(made)).toMatchObject({ dn: ANA, limited: true })
  })

  test('that is independent has its own name alone: neither the person’s nor what a VO says of the person', async () => {
    const made = scenario()
    made.proxies[0]!.extensions[1] = proxyInfo(INDEPENDENT)
    expect(await judge(made)).toMatchObject({ dn: made.proxies[0]!.subject, fqans: [] })
  })

  test('may follow as far as the path length lets it', async () => {
    const made = scenario({ intermediates: 0, proxies: 3, attributes: false })
    made.proxies[0]!.extensions[1] = proxyInfo(undefined, 2)
    made.proxies[1]!.extensions[1] = proxyInfo(undefined, 1)
    made.proxies[2]!.extensions[1] = proxyInfo(undefined, 0)
    expect(await reasonOf(made)).toBeUndefined()
  })

  test('from before RFC 3820 is good where the site says so, and limited by its name', async () => {
    const made = scenario({ intermediates: 1, proxies: 2, attributes: false })
    made.policy = { proxies: { legacy: true, limited: true } }
    made.proxies[0]!.subject = `${ANA}/CN=proxy`
    made.proxies[1]!.subject = `${ANA}/CN=proxy/CN=limited proxy`
    for (const proxy of made.proxies) {
      proxy.extensions = proxy.extensions.filter((extension) => extension.oid !== PROXY_CERT_INFO)
    }
    expect(await judge(made)).toMatchObject({ dn: ANA, limited: true })
  })
})

test('a proxy of the draft (Globus Toolkit 3) is good where the site says so, with its path length', async () => {
  const draft = (language: string, pathLength: number): ExtensionSpec => ({
    oid: '1.3.6.1.4.1.3536.1.222',
    critical: true,
    value: seq(seq(oid(language)), context(1, integer(pathLength))),
  })
  const made = scenario({ intermediates: 1, proxies: 2, attributes: false })
  made.policy = { proxies: { legacy: true, limited: true } }
  for (const [index, proxy] of made.proxies.entries()) proxy.extensions[1] = draft(LIMITED, 1 - index)
  expect(await judge(made)).toMatchObject({ dn: ANA, limited: true })
  made.proxies[0]!.extensions[1] = draft(LIMITED, 0)
  expect(await reasonOf(made)).toBe('proxy_path_length')
})

describe('VOMS attributes', () => {
  test('tell groups and roles, and end with the attribute certificate', async () => {
    expect(await judge(scenario())).toMatchObject({
      fqans: [
        { group: '/cms', role: undefined },
        { group: '/cms/uscms', role: 'production' },
      ],
      notAfter: NOW + 7200,
    })
  })

  test('are good whether they name the issuer of the holder, or the holder as VOMS does', async () => {
    const made = scenario()
    made.attributes[0]!.holderName = made.person.subject
    expect(await reasonOf(made)).toBeUndefined()
  })

  test('may be meant for this server', async () => {
    const made = scenario()
    made.attributes[0]!.extensions = [NO_REVOCATION, targets('se.example.org', 'Issuer.example.org')]
    expect(await reasonOf(made)).toBeUndefined()
  })

  test('may be meant for this server as VOMS itself says it', async () => {
    const made = scenario()
    made.attributes[0]!.extensions = [NO_REVOCATION, vomsTargets('se.example.org', 'Issuer.example.org')]
    expect(await reasonOf(made)).toBeUndefined()
  })

  test('may have been made by a clock that is five minutes ahead, which VOMS accepts as well', async () => {
    const made = scenario()
    made.attributes[0]!.notBefore = NOW + 300
    expect((await judge(made)).fqans).toHaveLength(2)
  })

  test('of the last proxy that has any count, and a proxy below it inherits them', async () => {
    const made = scenario({ intermediates: 1, proxies: 3, attributes: true })
    made.carrier = made.proxies[1]!
    expect((await judge(made)).fqans).toHaveLength(2)
  })

  test('are known by any of the chains of names that the site has', async () => {
    const made = scenario()
    const [[name, chain]] = Object.entries(made.lsc) as [[string, string]]
    made.lsc = { [name]: `/CN=old server\n/CN=old authority\n------ NEXT CHAIN ------\n${chain}` }
    expect(await reasonOf(made)).toBeUndefined()
    made.lsc = { [name]: `${chain}${made.root.subject}\n` }
    expect(await reasonOf(made)).toBeUndefined()
  })
})
