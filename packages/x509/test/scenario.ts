import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '@scitokens/core/internal'
import { onTestFinished } from 'vitest'
import { CaDirectory } from '../src/authorities/ca-directory.ts'
import { CertificateRefused, CertificateUndecided } from '../src/errors.ts'
import { type ChainPolicy, ChainVerifier } from '../src/chain-verifier.ts'
import type { Identity } from '../src/identity.ts'
import { VomsDirectory } from '../src/voms/vomsdir.ts'
import {
  type AttributesSpec,
  authorityExtension,
  type CertificateSpec,
  crl,
  type CrlSpec,
  issue,
  keyUsage,
  NO_REVOCATION,
  NOW,
  type Party,
  pem,
  proxyInfo,
  spec,
  vomsExtension,
} from '../src/testing/pki.ts'

/** Everything that decides about one client, good as it is: a test spoils one thing. */
export interface Scenario {
  root: CertificateSpec
  /** Authorities below the root, from the top. */
  intermediates: CertificateSpec[]
  person: CertificateSpec
  proxies: CertificateSpec[]
  vomsServer: CertificateSpec
  attributes: AttributesSpec[]
  /** Who carries them. Default: the last proxy, or the person. */
  carrier?: CertificateSpec
  /** Beside each authority, from the root. */
  crls: (CrlSpec | Buffer | undefined)[]
  namespaces: (string | undefined)[]
  namespaceFile: 'namespaces' | 'signing_policy'
  lsc: Record<string, string>
  policy: Omit<Partial<ChainPolicy>, 'authorities' | 'voms'>
  hosts: string[]
  /** What the client shows, its own first. Default: proxies, person and intermediates. */
  present: (chain: Party[]) => Party[]
  /** Authorities that lie in the directory. Default: all. */
  trust: (authorities: Party[]) => Party[]
  /** Whom the proxies' issuers are, where it is not the one before. */
  proxyIssuer?: (index: number, parties: Parties) => Party
  /** Which certificates the attributes bring. Default: the server's own. */
  attributeChain: (server: Party, authorities: Party[]) => Party[]
  now: number
  /** Spoils files after they were written. */
  spoil: (directory: string) => void
}

export interface Parties {
  readonly authorities: Party[]
  readonly person: Party
}

const BASE = '/DC=org/DC=example'

/** How a scenario looks where it may look differently. */
export interface Shape {
  readonly intermediates: number
  readonly proxies: number
  readonly attributes: boolean
}

export function scenario(
  { intermediates, proxies, attributes }: Shape = { intermediates: 1, proxies: 2, attributes: true },
): Scenario {
  const authority = (name: string): CertificateSpec =>
    spec(name, [authorityExtension(), keyUsage('keyCertSign', 'cRLSign')])
  const levels = Array.from({ length: intermediates }, (_, level) => authority(`${BASE}/CN=CA ${level + 1}`))
  const root = authority(`${BASE}/CN=Root`)
  const person = spec(`${BASE}/OU=People/CN=Ana`, [keyUsage('digitalSignature', 'keyEncipherment')])
  const authorities = [root, ...levels]
  let name = person.subject
  const chain = Array.from({ length: proxies }, (_, index) => {
    name += `/CN=${10_000 + index}`
    return spec(name, [keyUsage('digitalSignature', 'keyEncipherment'), proxyInfo()])
  })
  return {
    root,
    intermediates: levels,
    person,
    proxies: chain,
    vomsServer: spec(`${BASE}/OU=Hosts/CN=voms.example.org`, [keyUsage('digitalSignature', 'keyEncipherment')]),
    attributes: attributes
      ? [
          {
            authority: 'cms://voms.example.org:15002',
            fqans: ['/cms/Role=NULL/Capability=NULL', '/cms/uscms/Role=production/Capability=NULL'],
            holderName: authorities.at(-1)!.subject,
            holderSerial: person.serial,
            notBefore: NOW - 60,
            notAfter: NOW + 7200,
            extensions: [NO_REVOCATION],
          },
        ]
      : [],
    crls: authorities.map(() => ({ revoked: [1], thisUpdate: NOW - 60, nextUpdate: NOW + 86_400, extensions: [] })),
    namespaces: authorities.map((own) => `TO Issuer "${own.subject}" \\\n  PERMIT Subject "${BASE}/.*"\n`),
    namespaceFile: 'namespaces',
    lsc: { 'cms/voms.example.org.lsc': `${BASE}/OU=Hosts/CN=voms.example.org\n${authorities.at(-1)!.subject}\n` },
    policy: {},
    hosts: ['issuer.example.org'],
    present: (list) => list,
    trust: (list) => list,
    attributeChain: (server) => [server],
    now: NOW,
    spoil: () => {},
  }
}

/** Makes the certificates of a scenario. */
export function build(made: Scenario): Parties & { chain: Party[] } {
  const authorities: Party[] = []
  for (const one of [made.root, ...made.intermediates]) authorities.push(issue(one, authorities.at(-1)))
  const issuer = authorities.at(-1)
  const server = issue(made.vomsServer, issuer)
  const carrier = made.carrier ?? made.proxies.at(-1) ?? made.person
  const withAttributes = (one: CertificateSpec): CertificateSpec => {
    if (one !== carrier || made.attributes.length === 0) return one
    const extension = vomsExtension(server, made.attributeChain(server, authorities), made.attributes)
    return { ...one, extensions: [extension, ...one.extensions] }
  }
  const person = issue(withAttributes(made.person), issuer)
  const proxies: Party[] = []
  for (const [index, one] of made.proxies.entries()) {
    const before = made.proxyIssuer?.(index, { authorities, person }) ?? proxies.at(-1) ?? person
    proxies.push(issue(withAttributes(one), before))
  }
  const chain = [...proxies.toReversed(), person, ...authorities.slice(1).toReversed()]
  return { authorities, person, chain }
}

/** Writes the directories of a scenario. */
export function lay(
  made: Scenario,
  authorities: Party[],
  directory: string,
): { certificates: string; vomsdir: string } {
  const certificates = join(directory, 'certificates')
  const vomsdir = join(directory, 'vomsdir')
  mkdirSync(certificates)
  mkdirSync(vomsdir)
  const trusted = made.trust(authorities)
  for (const [index, authority] of authorities.entries()) {
    const hash = `${index}`.padStart(8, 'a')
    if (trusted.includes(authority)) writeFileSync(join(certificates, `${hash}.0`), pem(authority.der))
    const list = made.crls[index]
    if (list) writeFileSync(join(certificates, `${hash}.r0`), Buffer.isBuffer(list) ? list : crl(authority, list))
    const rules = made.namespaces[index]
    if (rules !== undefined) writeFileSync(join(certificates, `${hash}.${made.namespaceFile}`), rules)
  }
  for (const [name, text] of Object.entries(made.lsc)) {
    mkdirSync(join(vomsdir, name, '..'), { recursive: true })
    writeFileSync(join(vomsdir, name), text)
  }
  made.spoil(directory)
  return { certificates, vomsdir }
}

/** Judges the client of a scenario. */
export async function judge(made: Scenario): Promise<Identity> {
  const directory = mkdtempSync(join(tmpdir(), 'x509-'))
  try {
    const { authorities, chain } = build(made)
    const { certificates, vomsdir } = lay(made, authorities, directory)
    const verifier = new ChainVerifier({
      authorities: new CaDirectory(certificates, silentLogger),
      revocation: 'require',
      namespaces: 'require',
      proxies: { legacy: false, limited: true },
      ...made.policy,
      voms: { vomsDirectory: new VomsDirectory(vomsdir), hosts: made.hosts },
    })
    return await verifier.verify(
      made.present(chain).map(({ der }) => der),
      made.now,
    )
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Why a scenario's client is refused, `undecided:` before what could not be decided; undefined: it is accepted. */
export async function reasonOf(made: Scenario): Promise<string | undefined> {
  try {
    await judge(made)
    return undefined
  } catch (error) {
    if (error instanceof CertificateRefused) return error.defect
    if (error instanceof CertificateUndecided) return `undecided:${error.doubt}`
    throw error
  }
}

/** A directory that is gone after the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'x509-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}
