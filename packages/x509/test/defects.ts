import {
  bool,
  context,
  implicit,
  integer,
  nameOf,
  nothing,
  octets,
  oid,
  seq,
  set,
  utf8,
} from '../src/testing/der-builder.ts'
import {
  authorityExtension,
  BASIC_CONSTRAINTS,
  type ExtensionSpec,
  INDEPENDENT,
  issue,
  keyUsage,
  LIMITED,
  newKeys,
  NO_REVOCATION,
  NOW,
  PROXY_CERT_INFO,
  proxyInfo,
  purposes,
  spec,
  targets,
  vomsTargets,
} from '../src/testing/pki.ts'
import type { Scenario } from './scenario.ts'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** One thing that is wrong, what it needs to be wrong with, and the reason that it must be refused for. */
export interface Defect {
  readonly what: string
  readonly reason: string
  readonly needs?: { readonly intermediates?: number; readonly proxies?: number; readonly attributes?: true }
  readonly spoil: (made: Scenario) => void
}

const OTHER = '/DC=org/DC=example/CN=Somebody else'
const UNKNOWN_CRITICAL: ExtensionSpec = { oid: '1.2.3.4', critical: true, value: nothing }
const ALTERNATIVE_NAME: ExtensionSpec = { oid: '2.5.29.17', value: seq(implicit(2, Buffer.from('host.example.org'))) }

function without(extensions: ExtensionSpec[], id: string): ExtensionSpec[] {
  return extensions.filter((extension) => extension.oid !== id)
}

function replace(extensions: ExtensionSpec[], by: ExtensionSpec): ExtensionSpec[] {
  return [...without(extensions, by.oid), by]
}

/** A value of another kind than the builder has. */
const tagged = (tag: number, content: Buffer): Buffer => Buffer.concat([Buffer.from([tag, content.length]), content])

const first = <T>(list: readonly T[]): T => list[0]!
const last = <T>(list: readonly T[]): T => list.at(-1)!

/** The files of one authority: the one that issued the person. */
const issuers = (made: Scenario): string => `${made.intermediates.length}`.padStart(8, 'a')

/** Of the path from the person to the anchor. */
export const PATH_DEFECTS: readonly Defect[] = [
  { what: 'the person’s certificate has expired', reason: 'expired', spoil: (s) => (s.person.notAfter = NOW - 1) },
  {
    what: 'the person’s certificate is not valid yet',
    reason: 'not_yet_valid',
    spoil: (s) => (s.person.notBefore = NOW + 1),
  },
  { what: 'the anchor has expired', reason: 'expired', spoil: (s) => (s.root.notAfter = NOW - 1) },
  {
    what: 'an authority between has expired',
    reason: 'expired',
    needs: { intermediates: 1 },
    spoil: (s) => (first(s.intermediates).notAfter = NOW - 1),
  },
  {
    what: 'somebody else signed the person’s certificate',
    reason: 'bad_signature',
    spoil: (s) => (s.person.signWith = newKeys().privateKey),
  },
  {
    what: 'somebody else signed an authority',
    reason: 'bad_signature',
    needs: { intermediates: 1 },
    spoil: (s) => (first(s.intermediates).signWith = newKeys().privateKey),
  },
  {
    what: 'SHA-1 signed the person’s certificate',
    reason: 'weak_signature',
    spoil: (s) => (s.person.algorithm = 'ecdsa-sha1'),
  },
  {
    what: 'the person’s key is of a curve that nobody chose',
    reason: 'weak_key',
    spoil: (s) => (s.person.keys = newKeys('secp224r1')),
  },
  {
    what: 'no authority is trusted that issued it',
    reason: 'unknown_authority',
    spoil: (s) => (s.trust = () => [issue(spec(OTHER, [authorityExtension()]), undefined)]),
  },
  {
    what: 'the anchor is sent and not trusted',
    reason: 'unknown_authority',
    spoil: (s) => {
      s.trust = () => []
      const { present } = s
      s.present = (chain) => [...present(chain), issue(s.root, undefined)]
    },
  },
  {
    what: 'an authority between is sent and not installed, though the anchor has signed it',
    reason: 'authority_not_installed',
    needs: { intermediates: 1 },
    spoil: (s) => (s.trust = (authorities) => authorities.slice(0, 1)),
  },
  {
    what: 'the issuer of the person is no authority',
    reason: 'not_an_authority',
    spoil: (s) => {
      const issuer = s.intermediates.at(-1) ?? s.root
      issuer.extensions = without(issuer.extensions, BASIC_CONSTRAINTS)
    },
  },
  {
    what: 'the key of an authority is not for certificates',
    reason: 'authority_key_usage',
    spoil: (s) => (s.root.extensions = replace(s.root.extensions, keyUsage('digitalSignature', 'cRLSign'))),
  },
  {
    what: 'the anchor allows no authority below it',
    reason: 'authority_path_length',
    needs: { intermediates: 1 },
    spoil: (s) => (s.root.extensions = replace(s.root.extensions, authorityExtension(0))),
  },
  {
    what: 'the anchor limits the names below it',
    reason: 'unsupported_extension',
    spoil: (s) => s.root.extensions.push({ oid: '2.5.29.30', value: seq() }),
  },
  {
    what: 'an authority has a critical extension that nobody knows',
    reason: 'unknown_critical_extension',
    spoil: (s) => s.root.extensions.push(UNKNOWN_CRITICAL),
  },
  {
    what: 'the person has a critical extension that nobody knows',
    reason: 'unknown_critical_extension',
    spoil: (s) => s.person.extensions.push(UNKNOWN_CRITICAL),
  },
  {
    what: 'an extension is there twice',
    reason: 'duplicate_extension',
    spoil: (s) => s.person.extensions.push(ALTERNATIVE_NAME, ALTERNATIVE_NAME),
  },
  {
    what: 'an extension is no DER',
    reason: 'malformed',
    spoil: (s) => s.person.extensions.push({ oid: BASIC_CONSTRAINTS, value: Buffer.from([0x30, 0x05, 0x01]) }),
  },
  {
    what: 'the client is an authority',
    reason: 'authority_as_client',
    needs: { proxies: 0 },
    spoil: (s) => s.person.extensions.push(authorityExtension()),
  },
  {
    what: 'the person’s key is not for signatures',
    reason: 'key_usage',
    needs: { proxies: 0 },
    spoil: (s) => (s.person.extensions = replace(s.person.extensions, keyUsage('keyEncipherment'))),
  },
  {
    what: 'the certificate is for servers only',
    reason: 'extended_key_usage',
    needs: { proxies: 0 },
    spoil: (s) => s.person.extensions.push(purposes('1.3.6.1.5.5.7.3.1')),
  },
  {
    what: 'the name has a component of two values',
    reason: 'ambiguous_name',
    needs: { proxies: 0 },
    spoil: (s) =>
      (s.person.rawSubject = seq(
        set(seq(oid('2.5.4.10'), utf8('example'))),
        set(seq(oid('2.5.4.3'), utf8('Ana')), seq(oid('2.5.4.11'), utf8('People'))),
      )),
  },
  {
    what: 'a value of the name is written as another one is shown',
    reason: 'ambiguous_name',
    needs: { proxies: 0 },
    spoil: (s) => (s.person.rawSubject = nameOf(String.raw`/DC=org/DC=example/OU=People/CN=Andr\xC3\xA9`)),
  },
  {
    what: 'a value of the name is written as another one is shown, in another case',
    reason: 'ambiguous_name',
    needs: { proxies: 0 },
    spoil: (s) => (s.person.rawSubject = nameOf(String.raw`/DC=org/DC=example/OU=People/CN=Andr\Xc3\xA9`)),
  },
  {
    what: 'a value of the name is no UTF-8, and would be shown as what is',
    reason: 'ambiguous_name',
    needs: { proxies: 0 },
    spoil: (s) =>
      (s.person.rawSubject = nameOf('/DC=org/DC=example/OU=People/CN=Andr', (value) =>
        value === 'Andr' ? tagged(0x0c, Buffer.from('Andr\u00e9', 'latin1')) : utf8(value),
      )),
  },
  {
    what: 'a value of the name has bytes that its kind of text has not',
    reason: 'ambiguous_name',
    needs: { proxies: 0 },
    spoil: (s) =>
      (s.person.rawSubject = nameOf('/DC=org/DC=example/OU=People/CN=Andr', (value) =>
        tagged(0x13, Buffer.from(value === 'Andr' ? 'Andr\u00e9' : value, 'latin1')),
      )),
  },
  {
    what: 'a value of the name reads as another component',
    reason: 'ambiguous_name',
    needs: { proxies: 0 },
    spoil: (s) => (s.person.rawSubject = seq(set(seq(oid('2.5.4.10'), utf8('example/CN=Root'))))),
  },
  {
    what: 'the name is empty',
    reason: 'ambiguous_name',
    needs: { proxies: 0 },
    spoil: (s) => (s.person.rawSubject = seq()),
  },
  {
    what: 'more certificates are sent than any chain has',
    reason: 'chain_too_long',
    spoil: (s) => (s.present = (chain) => Array.from({ length: 17 }, () => chain[0]!)),
  },
  {
    what: 'a certificate is larger than any is',
    reason: 'too_large',
    spoil: (s) => s.person.extensions.push({ oid: '1.2.3.5', value: octets(Buffer.alloc(140_000)) }),
  },
  {
    what: 'the authority does not name such people (namespaces)',
    reason: 'outside_namespace',
    spoil: (s) => (s.namespaces = s.namespaces.map(() => 'TO Issuer SELF PERMIT Subject "/DC=org/DC=elsewhere/.*"')),
  },
  {
    what: 'the namespace denies the name that it permits elsewhere',
    reason: 'outside_namespace',
    spoil: (s) =>
      (s.namespaces = s.namespaces.map(
        () => 'TO Issuer SELF PERMIT Subject "/DC=org/.*"\nTO Issuer SELF DENY Subject ".*/CN=(Ana|CA 1)"',
      )),
  },
  {
    what: 'the namespace is another authority’s',
    reason: 'outside_namespace',
    spoil: (s) => (s.namespaces = s.namespaces.map(() => `TO Issuer "${OTHER}" PERMIT Subject "/.*"`)),
  },
  {
    what: 'the signing policy names nobody like that',
    reason: 'outside_namespace',
    spoil: (s) => {
      const all = [s.root, ...s.intermediates]
      s.namespaceFile = 'signing_policy'
      s.namespaces = all.map(
        ({ subject }) =>
          `access_id_CA X509 '${subject}'\npos_rights globus CA:sign\ncond_subjects globus '"/DC=org/DC=exam" "/C=DE/*"'\n`,
      )
    },
  },
  {
    what: 'nothing says what the authority may name',
    reason: 'undecided:namespace_missing',
    spoil: (s) => (s.namespaces = []),
  },
  {
    what: 'the namespace file makes no sense',
    reason: 'undecided:namespace_unreadable',
    spoil: (s) => (s.namespaces = s.namespaces.map(() => 'TO Issuer SELF PERMIT everybody\n')),
  },
]

/** Of the lists of revoked certificates, and of the directory. */
export const AUTHORITY_DEFECTS: readonly Defect[] = [
  {
    what: 'the person’s certificate has been revoked',
    reason: 'revoked',
    spoil: (s) => (s.crls[s.intermediates.length] = { ...crlOf(s), revoked: [5, s.person.serial] }),
  },
  {
    what: 'an authority has been revoked',
    reason: 'revoked',
    needs: { intermediates: 1 },
    spoil: (s) => (s.crls[0] = { ...crlOf(s), revoked: [first(s.intermediates).serial] }),
  },
  { what: 'a revocation list is missing', reason: 'undecided:crl_missing', spoil: (s) => (s.crls[0] = undefined) },
  {
    what: 'a revocation list is of somebody else',
    reason: 'undecided:crl_missing',
    spoil: (s) => (s.crls[0] = { ...crlOf(s), issuerName: OTHER }),
  },
  {
    what: 'a revocation list has expired',
    reason: 'undecided:crl_expired',
    spoil: (s) => (s.crls[0] = { ...crlOf(s), nextUpdate: NOW - 1 }),
  },
  {
    what: 'a revocation list does not say until when it holds',
    reason: 'undecided:crl_expired',
    spoil: (s) => (s.crls[0] = { ...crlOf(s), nextUpdate: undefined }),
  },
  {
    what: 'a revocation list is of the future',
    reason: 'undecided:crl_not_yet_valid',
    spoil: (s) => (s.crls[0] = { ...crlOf(s), thisUpdate: NOW + 60 }),
  },
  {
    what: 'somebody else signed a revocation list',
    reason: 'undecided:crl_bad_signature',
    spoil: (s) => (s.crls[0] = { ...crlOf(s), signWith: newKeys().privateKey }),
  },
  {
    what: 'the authority’s key is not for revocation lists',
    reason: 'undecided:crl_bad_signature',
    spoil: (s) => (s.root.extensions = replace(s.root.extensions, keyUsage('keyCertSign'))),
  },
  {
    what: 'a revocation list is a delta',
    reason: 'undecided:crl_unsupported',
    spoil: (s) => (s.crls[0] = { ...crlOf(s), extensions: [{ oid: '2.5.29.27', critical: true, value: integer(1) }] }),
  },
  {
    what: 'a revocation list is of authorities only',
    reason: 'undecided:crl_unsupported',
    spoil: (s) =>
      (s.crls[0] = {
        ...crlOf(s),
        extensions: [{ oid: '2.5.29.28', critical: true, value: seq(implicit(2, Buffer.from([0xff]))) }],
      }),
  },
  {
    what: 'an entry of a revocation list has a critical extension',
    reason: 'undecided:crl_unsupported',
    spoil: (s) => (s.crls[0] = { ...crlOf(s), entryExtension: { oid: '2.5.29.29', critical: true, value: seq() } }),
  },
  {
    what: 'a revocation list is no list',
    reason: 'undecided:crl_unreadable',
    spoil: (s) => (s.crls[0] = Buffer.from('-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n')),
  },
  {
    what: 'the directory of authorities is not there',
    reason: 'undecided:authorities_unreadable',
    spoil: (s) => (s.spoil = (directory) => rmSync(join(directory, 'certificates'), { recursive: true })),
  },
  {
    what: 'the file in which the authority lies cannot be read',
    reason: 'undecided:authorities_unreadable',
    spoil: (s) =>
      (s.spoil = (directory) => writeFileSync(join(directory, 'certificates', `${issuers(s)}.0`), 'nothing')),
  },
]

function crlOf(made: Scenario): Exclude<Scenario['crls'][number], Buffer | undefined> {
  return made.crls.find((list) => list !== undefined && !Buffer.isBuffer(list)) as never
}

/** Of proxies. */
export const PROXY_DEFECTS: readonly Defect[] = (
  [
    { what: 'a proxy has expired', reason: 'expired', spoil: (s) => (last(s.proxies).notAfter = NOW - 1) },
    { what: 'a proxy is not valid yet', reason: 'not_yet_valid', spoil: (s) => (first(s.proxies).notBefore = NOW + 1) },
    {
      what: 'somebody else signed a proxy',
      reason: 'bad_signature',
      spoil: (s) => (last(s.proxies).signWith = newKeys().privateKey),
    },
    {
      what: 'SHA-1 signed a proxy',
      reason: 'weak_signature',
      spoil: (s) => (last(s.proxies).algorithm = 'ecdsa-sha1'),
    },
    { what: 'a proxy’s key is weak', reason: 'weak_key', spoil: (s) => (last(s.proxies).keys = newKeys('secp224r1')) },
    {
      what: 'the person behind a proxy is not shown',
      reason: 'incomplete_chain',
      spoil: (s) => (s.present = (chain) => chain.filter(({ spec: { subject } }) => subject !== s.person.subject)),
    },
    {
      what: 'a proxy between is not shown',
      reason: 'incomplete_chain',
      needs: { proxies: 2 },
      spoil: (s) =>
        (s.present = (chain) => chain.filter(({ spec: { subject } }) => subject !== first(s.proxies).subject)),
    },
    {
      what: 'a proxy does not say critically that it is one',
      reason: 'proxy_info_not_critical',
      spoil: (s) =>
        (last(s.proxies).extensions = replace(last(s.proxies).extensions, { ...proxyInfo(), critical: false })),
    },
    {
      what: 'a proxy says nothing of it: its issuer is no authority',
      reason: 'not_an_authority',
      spoil: (s) => (first(s.proxies).extensions = without(first(s.proxies).extensions, PROXY_CERT_INFO)),
    },
    {
      what: 'an authority issued a proxy',
      reason: 'proxy_of_authority',
      spoil: (s) => {
        s.proxyIssuer = (index, { authorities, person }) => (index === 0 ? authorities[0]! : person)
        s.proxies = [first(s.proxies)]
      },
    },
    {
      what: 'a proxy is nobody’s name and one common name',
      reason: 'proxy_name',
      spoil: (s) => (last(s.proxies).rawSubject = nameOf(`${OTHER}/CN=1`)),
    },
    {
      what: 'a proxy has its issuer’s very name',
      reason: 'proxy_name',
      spoil: (s) => (last(s.proxies).rawSubject = nameOf(last(s.proxies).subject.replace(/\/CN=\d+$/, ''))),
    },
    {
      what: 'a proxy adds two common names',
      reason: 'proxy_name',
      spoil: (s) => (last(s.proxies).rawSubject = nameOf(`${last(s.proxies).subject}/CN=2`)),
    },
    {
      what: 'a proxy adds something else than a common name',
      reason: 'proxy_name',
      spoil: (s) => (last(s.proxies).rawSubject = nameOf(last(s.proxies).subject.replace(/CN=(\d+)$/, 'OU=$1'))),
    },
    {
      what: 'a proxy says that it is an authority',
      reason: 'proxy_is_authority',
      spoil: (s) => last(s.proxies).extensions.push(authorityExtension()),
    },
    {
      what: 'a proxy’s key is for certificates',
      reason: 'proxy_key_usage',
      spoil: (s) =>
        (last(s.proxies).extensions = replace(last(s.proxies).extensions, keyUsage('digitalSignature', 'keyCertSign'))),
    },
    {
      what: 'a proxy’s key binds its holder',
      reason: 'proxy_key_usage',
      spoil: (s) =>
        (last(s.proxies).extensions = replace(
          last(s.proxies).extensions,
          keyUsage('digitalSignature', 'nonRepudiation'),
        )),
    },
    {
      what: 'a proxy’s key is not for signatures',
      reason: 'proxy_key_usage',
      spoil: (s) => (last(s.proxies).extensions = replace(last(s.proxies).extensions, keyUsage('keyEncipherment'))),
    },
    {
      what: 'the issuer of a proxy may not sign',
      reason: 'proxy_key_usage',
      spoil: (s) => (s.person.extensions = replace(s.person.extensions, keyUsage('keyEncipherment'))),
    },
    {
      what: 'a proxy has another name',
      reason: 'proxy_alternative_name',
      spoil: (s) => last(s.proxies).extensions.push(ALTERNATIVE_NAME),
    },
    {
      what: 'a proxy is for servers only',
      reason: 'extended_key_usage',
      spoil: (s) => last(s.proxies).extensions.push(purposes('1.3.6.1.5.5.7.3.1')),
    },
    {
      what: 'a proxy has a critical extension that nobody knows',
      reason: 'unknown_critical_extension',
      spoil: (s) => last(s.proxies).extensions.push(UNKNOWN_CRITICAL),
    },
    {
      what: 'a proxy allows none below it',
      reason: 'proxy_path_length',
      needs: { proxies: 2 },
      spoil: (s) => (first(s.proxies).extensions = replace(first(s.proxies).extensions, proxyInfo(undefined, 0))),
    },
    {
      what: 'a proxy allows one below it, and there are two',
      reason: 'proxy_path_length',
      needs: { proxies: 3 },
      spoil: (s) => (first(s.proxies).extensions = replace(first(s.proxies).extensions, proxyInfo(undefined, 1))),
    },
    {
      what: 'a proxy’s policy is of a language that nobody knows',
      reason: 'proxy_policy',
      spoil: (s) => (last(s.proxies).extensions = replace(last(s.proxies).extensions, proxyInfo('1.2.3.4'))),
    },
    {
      what: 'a proxy’s policy is any, in words of its own',
      reason: 'proxy_policy',
      spoil: (s) =>
        (last(s.proxies).extensions = replace(
          last(s.proxies).extensions,
          proxyInfo('1.3.6.1.5.5.7.21.0', undefined, Buffer.from('only on Sundays')),
        )),
    },
    {
      what: 'a proxy that inherits everything has a policy too',
      reason: 'proxy_policy',
      spoil: (s) =>
        (last(s.proxies).extensions = replace(
          last(s.proxies).extensions,
          proxyInfo(undefined, undefined, Buffer.from('only on Sundays')),
        )),
    },
    {
      what: 'the proxy information is no DER',
      reason: 'malformed',
      spoil: (s) =>
        (last(s.proxies).extensions = replace(last(s.proxies).extensions, {
          oid: PROXY_CERT_INFO,
          critical: true,
          value: Buffer.from([0x30, 0x03, 0x02]),
        })),
    },
    {
      what: 'a full proxy comes below a limited one',
      reason: 'proxy_not_limited',
      needs: { proxies: 2 },
      spoil: (s) => {
        first(s.proxies).extensions = replace(first(s.proxies).extensions, proxyInfo(LIMITED))
        last(s.proxies).extensions = replace(last(s.proxies).extensions, proxyInfo())
      },
    },
    {
      what: 'an independent proxy comes below a limited one',
      reason: 'proxy_not_limited',
      needs: { proxies: 2 },
      spoil: (s) => {
        first(s.proxies).extensions = replace(first(s.proxies).extensions, proxyInfo(LIMITED))
        last(s.proxies).extensions = replace(last(s.proxies).extensions, proxyInfo(INDEPENDENT))
      },
    },
    {
      what: 'a limited proxy comes where none is accepted',
      reason: 'limited_proxy',
      spoil: (s) => {
        last(s.proxies).extensions = replace(last(s.proxies).extensions, proxyInfo(LIMITED))
        s.policy = { proxies: { legacy: false, limited: false } }
      },
    },
    {
      what: 'a proxy is of Globus Toolkit 2',
      reason: 'legacy_proxy',
      spoil: (s) => {
        s.proxies = [first(s.proxies)]
        first(s.proxies).subject = `${s.person.subject}/CN=proxy`
        first(s.proxies).extensions = without(first(s.proxies).extensions, PROXY_CERT_INFO)
      },
    },
    {
      what: 'a proxy is of Globus Toolkit 3',
      reason: 'legacy_proxy',
      spoil: (s) => {
        s.proxies = [first(s.proxies)]
        const draft = { oid: '1.3.6.1.4.1.3536.1.222', critical: true, value: seq(seq(oid('1.3.6.1.5.5.7.21.1'))) }
        first(s.proxies).extensions = [...without(first(s.proxies).extensions, PROXY_CERT_INFO), draft]
      },
    },
    {
      what: 'proxies of two kinds follow each other',
      reason: 'mixed_proxies',
      needs: { proxies: 2 },
      spoil: (s) => {
        s.policy = { proxies: { legacy: true, limited: true } }
        s.proxies = s.proxies.slice(0, 2)
        last(s.proxies).subject = `${first(s.proxies).subject}/CN=proxy`
        last(s.proxies).extensions = without(last(s.proxies).extensions, PROXY_CERT_INFO)
      },
    },
  ] satisfies Defect[]
).map((defect: Defect) => ({ ...defect, needs: { proxies: 1, ...defect.needs } }))

/** Of VOMS attributes. */
export const VOMS_DEFECTS: readonly Defect[] = (
  [
    { what: 'attributes have expired', reason: 'voms_expired', spoil: (s) => (first(s.attributes).notAfter = NOW - 1) },
    {
      what: 'attributes are not valid for another five minutes',
      reason: 'voms_not_yet_valid',
      spoil: (s) => (first(s.attributes).notBefore = NOW + 301),
    },
    {
      what: 'somebody else signed the attributes',
      reason: 'voms_bad_signature',
      spoil: (s) => (first(s.attributes).signWith = newKeys().privateKey),
    },
    {
      what: 'the attributes are of somebody else with the same name',
      reason: 'voms_wrong_holder',
      spoil: (s) => (first(s.attributes).holderSerial = 1),
    },
    {
      what: 'the attributes are of somebody else with the same number',
      reason: 'voms_wrong_holder',
      spoil: (s) => (first(s.attributes).holderName = OTHER),
    },
    {
      what: 'the attributes are for other servers',
      reason: 'voms_wrong_target',
      spoil: (s) => (first(s.attributes).extensions = [NO_REVOCATION, targets('ce.example.org')]),
    },
    {
      what: 'the attributes are for other servers, as VOMS writes it',
      reason: 'voms_wrong_target',
      spoil: (s) => (first(s.attributes).extensions = [NO_REVOCATION, vomsTargets('ce.example.org', 'se.example.org')]),
    },
    {
      what: 'the attributes are for a group of servers',
      reason: 'voms_wrong_target',
      spoil: (s) => {
        const group = implicit(1, Buffer.from('issuer.example.org'))
        const value = seq(seq(seq(context(1, group)), context(1, group)))
        first(s.attributes).extensions = [NO_REVOCATION, { oid: '2.5.29.55', critical: true, value }]
      },
    },
    {
      what: 'the attributes are for no server, as VOMS writes it',
      reason: 'voms_wrong_target',
      spoil: (s) => (first(s.attributes).extensions = [NO_REVOCATION, vomsTargets()]),
    },
    {
      what: 'the attributes are for no server',
      reason: 'voms_wrong_target',
      spoil: (s) => (first(s.attributes).extensions = [NO_REVOCATION, targets()]),
    },
    {
      what: 'the attributes have a critical extension that nobody knows',
      reason: 'voms_unknown_critical_extension',
      spoil: (s) => (first(s.attributes).extensions = [NO_REVOCATION, UNKNOWN_CRITICAL]),
    },
    {
      what: 'the attributes may have been revoked',
      reason: 'voms_revocable',
      spoil: (s) => (first(s.attributes).extensions = []),
    },
    {
      what: 'a VOMS server speaks for another VO',
      reason: 'voms_foreign_group',
      spoil: (s) => (first(s.attributes).fqans = ['/atlas/Role=production']),
    },
    {
      what: 'a VOMS server speaks for a VO whose name begins like its own',
      reason: 'voms_foreign_group',
      spoil: (s) => (first(s.attributes).fqans = ['/cmsfoo']),
    },
    {
      what: 'the VO is not known',
      reason: 'voms_unknown_vo',
      spoil: (s) => {
        first(s.attributes).authority = 'atlas://voms.example.org:15002'
        first(s.attributes).fqans = ['/atlas']
      },
    },
    {
      what: 'the VOMS server is not known',
      reason: 'voms_unknown_server',
      spoil: (s) => (first(s.attributes).authority = 'cms://other.example.org:15002'),
    },
    {
      what: 'the name of the VO leads out of the directory',
      reason: 'voms_malformed',
      spoil: (s) => (first(s.attributes).authority = '../vomsdir/cms://voms.example.org:15002'),
    },
    {
      what: 'the name of the VOMS server leads out of its VO',
      reason: 'voms_malformed',
      spoil: (s) => (first(s.attributes).authority = 'cms://../cms/voms.example.org:15002'),
    },
    {
      what: 'the VOMS server is known by another certificate',
      reason: 'voms_wrong_server',
      spoil: (s) =>
        (s.lsc = { 'cms/voms.example.org.lsc': `${OTHER}\n${(s.intermediates.at(-1) ?? s.root).subject}\n` }),
    },
    {
      what: 'the VOMS server is known by another authority',
      reason: 'voms_wrong_server',
      spoil: (s) => (s.lsc = { 'cms/voms.example.org.lsc': `${s.vomsServer.subject}\n${OTHER}\n` }),
    },
    {
      what: 'the attributes name another issuer than their certificate',
      reason: 'voms_wrong_server',
      spoil: (s) => (first(s.attributes).issuerName = OTHER),
    },
    {
      what: 'the list of names is not understood',
      reason: 'undecided:vomsdir_unreadable',
      spoil: (s) => (s.lsc = { 'cms/voms.example.org.lsc': 'voms.example.org\n' }),
    },
    {
      what: 'the list of names leaves the authority open',
      reason: 'undecided:vomsdir_unreadable',
      spoil: (s) => (s.lsc = { 'cms/voms.example.org.lsc': `${s.vomsServer.subject}\n` }),
    },
    {
      what: 'the vomsdir is not there',
      reason: 'undecided:vomsdir_unreadable',
      spoil: (s) => (s.spoil = (directory) => rmSync(join(directory, 'vomsdir'), { recursive: true })),
    },
    {
      what: 'the attributes come without the certificate of their server',
      reason: 'voms_malformed',
      spoil: (s) => (s.attributeChain = () => []),
    },
    {
      what: 'the attributes bring somebody else’s certificate',
      reason: 'unknown_authority',
      spoil: (s) =>
        (s.attributeChain = () => [issue(spec(s.vomsServer.subject, []), issue(spec(OTHER, []), undefined))]),
    },
    {
      what: 'the certificate of the VOMS server has expired',
      reason: 'expired',
      spoil: (s) => (s.vomsServer.notAfter = NOW - 1),
    },
    {
      what: 'the certificate of the VOMS server has been revoked',
      reason: 'revoked',
      spoil: (s) => (s.crls[s.intermediates.length] = { ...crlOf(s), revoked: [s.vomsServer.serial] }),
    },
    {
      what: 'a group makes no sense',
      reason: 'voms_malformed',
      spoil: (s) => (first(s.attributes).fqans = ['/cms/../atlas']),
    },
    {
      what: 'one of two attribute certificates is bad',
      reason: 'voms_expired',
      spoil: (s) => s.attributes.push({ ...first(s.attributes), notAfter: NOW - 1 }),
    },
    {
      what: 'the extension is no list',
      reason: 'voms_malformed',
      spoil: (s) => {
        s.attributes = []
        const carrier = s.proxies.at(-1) ?? s.person
        carrier.extensions.push({ oid: '1.3.6.1.4.1.8005.100.100.5', value: seq(bool(true)) })
      },
    },
  ] satisfies Defect[]
).map((defect: Defect) => ({ ...defect, needs: { attributes: true as const, ...defect.needs } }))

export const DEFECTS: readonly Defect[] = [...PATH_DEFECTS, ...AUTHORITY_DEFECTS, ...PROXY_DEFECTS, ...VOMS_DEFECTS]
