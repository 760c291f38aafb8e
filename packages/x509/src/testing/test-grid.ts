import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { flag, listOf, type OptionReaders, readOptions, text, whole } from '@scitokens/core/internal'
import { implicit, seq } from './der-builder.ts'
import {
  authorityExtension,
  type CertificateSpec,
  crl,
  type ExtensionSpec,
  issue,
  keyUsage,
  LIMITED,
  NO_REVOCATION,
  type Party,
  pem,
  proxyInfo,
  spec,
  vomsExtension,
  vomsTargets,
} from './pki.ts'

/** Options of {@link createTestGrid}. */
export interface TestGridOptions {
  /** The virtual organisation that has a VOMS server. Default: `cms`. */
  readonly vo?: string
  /** When everything is made, in seconds since the epoch: it is valid from an hour before, for a day. Default: now. */
  readonly now?: number
}

/** What a proxy of a {@link TestCredential} is to be. */
export interface ProxyOptions {
  /** A limited proxy, as jobs have it. Default: false. */
  readonly limited?: boolean
  /** Groups and roles for which the VOMS server vouches: `/cms/Role=production`. Default: the proxy carries no attributes. */
  readonly fqans?: readonly string[]
  /** Hosts for which these attributes are meant. Default: all. */
  readonly targets?: readonly string[]
}

/** Somebody's certificate and private key. */
export interface TestCredential {
  /** The distinguished name in one line. */
  readonly dn: string
  /** In PEM, the own certificate first and after it those of its issuers, but for the authority: as TLS sends them. */
  readonly cert: string
  /** The private key in PEM. */
  readonly key: string
  /** The certificates of {@link cert} in DER. */
  readonly chain: readonly Buffer[]
  /** A proxy that this one issues; also one of a proxy. */
  proxy(options?: ProxyOptions): TestCredential
}

/** A site of the grid. */
export interface TestGrid {
  /** A directory such as `/etc/grid-security/certificates`: the authority with its revocation list and its namespace. */
  readonly authorities: string
  /** A directory such as `/etc/grid-security/vomsdir`: the VOMS server of the virtual organisation. */
  readonly vomsDirectory: string
  /** The authority's certificate in PEM, for clients that are to trust a {@link TestGrid.host}. */
  readonly ca: string
  /** Somebody whom the authority certifies: `/DC=org/DC=example/OU=People/CN=NAME`. */
  readonly person: (name: string) => TestCredential
  /** A server whom the authority certifies, for a host name and 127.0.0.1. */
  readonly host: (name: string) => TestCredential
}

const GRID_READERS: OptionReaders<TestGridOptions> = { vo: text, now: whole(0, 253_402_214_400, 'seconds') }
const PROXY_READERS: OptionReaders<ProxyOptions> = { limited: flag, fqans: listOf(text), targets: listOf(text) }

const BASE = '/DC=org/DC=example'
const VOMS_HOST = 'voms.example.org'
const FILES = 'aaaaaaaa'
const HOUR = 3600

/**
 * Makes a site of the grid.
 *
 * Throws `config_error` for unknown options.
 *
 * @param directory - that exists, for `certificates` and `vomsdir`. Whoever calls removes it.
 */
export function createTestGrid(directory: string, options: TestGridOptions = {}): TestGrid {
  const { vo = 'cms', now = Math.floor(Date.now() / 1000) } = readOptions<TestGridOptions>(options, GRID_READERS)
  const during = { notBefore: now - HOUR, notAfter: now + 24 * HOUR }
  const made = (subject: string, extensions: ExtensionSpec[]): CertificateSpec => spec(subject, extensions, during)
  const authority = issue(
    made(`${BASE}/CN=Test CA`, [authorityExtension(), keyUsage('keyCertSign', 'cRLSign')]),
    undefined,
  )
  const certify = (subject: string, ...more: ExtensionSpec[]): Party =>
    issue(made(subject, [keyUsage('digitalSignature', 'keyEncipherment'), ...more]), authority)
  const voms = certify(`${BASE}/OU=Hosts/CN=${VOMS_HOST}`)

  const authorities = join(directory, 'certificates')
  const vomsDirectory = join(directory, 'vomsdir')
  mkdirSync(authorities)
  mkdirSync(join(vomsDirectory, vo), { recursive: true })
  writeFileSync(join(authorities, `${FILES}.0`), pem(authority.der))
  const list = { revoked: [], thisUpdate: now - HOUR, nextUpdate: during.notAfter, extensions: [] }
  writeFileSync(join(authorities, `${FILES}.r0`), crl(authority, list))
  writeFileSync(join(authorities, `${FILES}.namespaces`), `TO Issuer SELF PERMIT Subject "${BASE}/.*"\n`)
  writeFileSync(join(vomsDirectory, vo, `${VOMS_HOST}.lsc`), `${voms.spec.subject}\n${authority.spec.subject}\n`)

  /** As a proxy carries them. RFC 5755, GFD.182. */
  const attributes = (person: Party, fqans: readonly string[], targets: readonly string[] | undefined): ExtensionSpec =>
    vomsExtension(
      voms,
      [voms],
      [
        {
          authority: `${vo}://${VOMS_HOST}:15002`,
          fqans,
          holderName: authority.spec.subject,
          holderSerial: person.spec.serial,
          notBefore: now - 60,
          notAfter: during.notAfter,
          extensions: [NO_REVOCATION, ...(targets ? [vomsTargets(...targets)] : [])],
        },
      ],
    )
  const credential = (chain: readonly Party[]): TestCredential => {
    const [own] = chain as readonly [Party, ...Party[]]
    const { subject, keys, serial } = own.spec
    return {
      dn: subject,
      cert: chain.map(({ der }) => pem(der)).join(''),
      key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
      chain: chain.map(({ der }) => der),
      proxy: (what = {}) => {
        const { limited = false, fqans, targets } = readOptions<ProxyOptions>(what, PROXY_READERS)
        const extensions = [keyUsage('digitalSignature'), limited ? proxyInfo(LIMITED) : proxyInfo()]
        if (fqans) extensions.push(attributes(chain.at(-1)!, fqans, targets))
        return credential([issue(made(`${subject}/CN=${serial}`, extensions), own), ...chain])
      },
    }
  }
  return {
    authorities,
    vomsDirectory,
    ca: pem(authority.der),
    person: (name) => credential([certify(`${BASE}/OU=People/CN=${name}`)]),
    host: (name) => credential([certify(`${BASE}/OU=Hosts/CN=${name}`, alternativeNames(name))]),
  }
}

/** RFC 5280 section 4.2.1.6: a dNSName, and the iPAddress 127.0.0.1. */
function alternativeNames(host: string): ExtensionSpec {
  return { oid: '2.5.29.17', value: seq(implicit(2, Buffer.from(host)), implicit(7, Buffer.from([127, 0, 0, 1]))) }
}
