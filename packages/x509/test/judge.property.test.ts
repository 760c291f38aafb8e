import { needing } from '@scitokens-tests/programs'
import { spawnSync } from '@scitokens-tests/programs/processes'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect } from 'vitest'
import { PATH_DEFECTS, PROXY_DEFECTS } from './defects.ts'
import { NOW, pem } from '../src/testing/pki.ts'
import { build, reasonOf, scenario, type Scenario } from './scenario.ts'

const { test } = needing('openssl')

/** What OpenSSL says of a chain, proxies allowed. */
function opensslAccepts(made: Scenario): boolean {
  const directory = mkdtempSync(join(tmpdir(), 'x509-judge-'))
  try {
    const { authorities, chain } = build(made)
    const [leaf, ...rest] = made.present(chain)
    const write = (name: string, ...ders: Buffer[]): string => {
      writeFileSync(join(directory, name), ders.map((der) => pem(der)).join(''))
      return join(directory, name)
    }
    const trusted = write('trusted', ...made.trust(authorities).map(({ der }) => der))
    const untrusted = write('untrusted', ...rest.map(({ der }) => der))
    const options = ['-allow_proxy_certs', '-purpose', 'sslclient', '-attime', String(NOW)]
    const files = ['-CAfile', trusted, ...(rest.length > 0 ? ['-untrusted', untrusted] : []), write('leaf', leaf!.der)]
    return spawnSync('openssl', ['verify', ...options, ...files], { stdio: 'ignore' }).status === 0
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

test('what OpenSSL refuses is refused here, and every chain without a defect is accepted by both', async () => {
  // What OpenSSL does not look at (namespaces, our bounds) is left out: it would only say yes.
  const looked = [...PATH_DEFECTS, ...PROXY_DEFECTS]
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 2 }),
      fc.integer({ min: 0, max: 3 }),
      fc.option(fc.constantFrom(...looked), { nil: undefined }),
      async (levels, depth, defect) => {
        const { intermediates = 0, proxies = 0 } = defect?.needs ?? {}
        const made = scenario({
          intermediates: Math.max(levels, intermediates),
          proxies: defect?.needs?.proxies === 0 ? 0 : Math.max(depth, proxies),
          attributes: false,
        })
        defect?.spoil(made)
        const reason = await reasonOf(made)
        const accepted = opensslAccepts(made)
        if (!defect) expect([reason, accepted]).toEqual([undefined, true])
        if (!accepted) expect(reason).toBeTypeOf('string')
      },
    ),
    { numRuns: 40 },
  )
})
