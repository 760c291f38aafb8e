import { needing } from '@scitokens-tests/programs'
import { execFileSync } from '@scitokens-tests/programs/processes'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { silentLogger } from '@scitokens/core/internal'
import { afterAll, beforeAll, expect } from 'vitest'
import { CaDirectory } from '../../src/authorities/ca-directory.ts'
import { Certificate } from '../../src/certificate/certificate.ts'
import { ChainVerifier } from '../../src/chain-verifier.ts'
import type { Identity } from '../../src/identity.ts'
import { certificatesOfPem } from '../../src/der/pem.ts'
import { VomsDirectory } from '../../src/voms/vomsdir.ts'
import { BASE, type Files, OpenSsl, words } from '@scitokens-tests/programs/openssl'

const { describe, test } = needing('openssl', 'voms-proxy-fake')

let ssl: OpenSsl
let ana: Files
let voms: Files
const now = (): number => Date.now() / 1000

beforeAll(() => {
  ssl = new OpenSsl({ rsa: true })
  ana = ssl.person('Ana')
  voms = ssl.person('voms.example.org')
})
afterAll(() => ssl.remove())

/** A proxy as VOMS itself makes one, with its own server's key. */
function vomsProxy(...more: readonly string[]): readonly Buffer[] {
  const out = join(ssl.directory, 'voms-proxy')
  execFileSync(
    'voms-proxy-fake',
    [
      ...words('-quiet -rfc -hours 12 -vomslife 11 -voms cms -uri voms.example.org:15002'),
      ...words('-cert', ana.certificate, '-key', ana.key, '-certdir', ssl.certificates, '-out', out),
      ...words('-hostcert', voms.certificate, '-hostkey', voms.key),
      ...more,
    ],
    { stdio: 'pipe', env: { PATH: process.env['PATH'], HOME: ssl.directory } },
  )
  return certificatesOfPem(readFileSync(out, 'latin1'))
}

function verify(chain: readonly Buffer[], lsc: string, at = now()): Promise<Identity> {
  const vomsdir = join(ssl.directory, 'vomsdir')
  mkdirSync(join(vomsdir, 'cms'), { recursive: true })
  writeFileSync(join(vomsdir, 'cms', 'voms.example.org.lsc'), lsc)
  const verifier = new ChainVerifier({
    authorities: new CaDirectory(ssl.certificates, silentLogger),
    revocation: 'require',
    namespaces: 'require',
    proxies: { legacy: false, limited: true },
    voms: { vomsDirectory: new VomsDirectory(vomsdir), hosts: ['issuer.example.org'] },
  })
  return verifier.verify(chain, at)
}

describe('with voms-clients', () => {
  test('attributes that VOMS made are read as VOMS means them', async () => {
    const lsc = `${voms.subject}\n${ssl.authority.subject}\n`
    const groups = ['-fqan', '/cms/Role=NULL/Capability=NULL', '-fqan', '/cms/uscms/Role=production/Capability=NULL']
    const chain = vomsProxy(...groups, '-ga', 'nickname=ana')
    const identity = await verify(chain, lsc)
    expect(identity).toMatchObject({
      dn: `${BASE}/CN=Ana`,
      limited: false,
      fqans: [
        { group: '/cms', role: undefined },
        { group: '/cms/uscms', role: 'production' },
      ],
    })
    expect(identity.notAfter - now()).toBeLessThanOrEqual(11 * 3600)

    // What VOMS made is refused for one thing that is not so, each time another.
    await expect(verify(chain, lsc, now() + 11 * 3600 + 60)).rejects.toMatchObject({ defect: 'voms_expired' })
    await expect(verify(chain, `${ana.subject}\n${ssl.authority.subject}\n`)).rejects.toMatchObject({
      defect: 'voms_wrong_server',
    })
    const [leaf, ...rest] = chain
    const spoiled = Buffer.from(leaf!)
    spoiled[spoiled.indexOf('/cms/uscms/Role=production') + 1] = 'd'.charCodeAt(0)
    await expect(verify([spoiled, ...rest], lsc)).rejects.toMatchObject({ defect: 'bad_signature' })
  })

  // What VOMS writes for `-target` is made by hand in accepted.test.ts: Debian's voms-proxy-fake leaves the list empty, or dies of it.
  test('a limited proxy is known as such', async () => {
    const chain = vomsProxy('-fqan', '/cms', '-limited')
    expect(await verify(chain, `${voms.subject}\n${ssl.authority.subject}\n`)).toMatchObject({ limited: true })
    expect(Certificate.read(chain[0]!).proxyInfo().kind).toBe('limited')
  })
})
