import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openVerifier } from '@scitokens/x509'
import { createTestGrid, type TestGrid, type TestGridOptions } from '@scitokens/x509/testing'
import { expect, onTestFinished, test } from 'vitest'

function newGrid(options?: TestGridOptions): TestGrid {
  const directory = mkdtempSync(join(tmpdir(), 'grid-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return createTestGrid(directory, options)
}

test('a person, proxies of any depth and their attributes are good for a verifier that reads the directories', async () => {
  const { authorities, vomsDirectory, person } = newGrid({ vo: 'atlas' })
  const verifier = await openVerifier({ authorities, vomsDirectory, hosts: ['se.example.org'] })
  const ana = person('Ana')
  const dn = '/DC=org/DC=example/OU=People/CN=Ana'
  expect(await verifier.verify(ana.chain)).toMatchObject({ dn, fqans: [], limited: false })
  const targets = ['ce.example.org', 'se.example.org']
  const proxy = ana
    .proxy()
    .proxy({ fqans: ['/atlas/Role=pilot'], targets })
    .proxy({ limited: true })
  expect(proxy.chain).toHaveLength(4)
  expect(await verifier.verify(proxy.chain)).toMatchObject({
    dn,
    fqans: [{ group: '/atlas', role: 'pilot' }],
    limited: true,
    certificate: { dn, verified: true },
  })
})

test('it happens at the time that is given', async () => {
  const now = 1_800_000_000
  const { authorities, person } = newGrid({ now })
  const verifier = await openVerifier({ authorities })
  const { chain } = person('Ana')
  expect(await verifier.verify(chain, now)).toMatchObject({ notAfter: now + 86_400 })
  await expect(verifier.verify(chain, now + 86_401)).rejects.toMatchObject({ defect: 'expired' })
})

test('options are read strictly', () => {
  expect(() => newGrid({ voo: 'cms' } as never)).toThrow('did you mean vo?')
  expect(() =>
    newGrid()
      .person('Ana')
      .proxy({ fqan: ['/cms'] } as never),
  ).toThrow('did you mean fqans?')
})
