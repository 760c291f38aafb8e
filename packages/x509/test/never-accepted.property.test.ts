import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DEFECTS } from './defects.ts'
import { INDEPENDENT, LIMITED, proxyInfo } from '../src/testing/pki.ts'
import { judge, reasonOf, type Scenario, scenario } from './scenario.ts'

/** A client that is accepted, of any shape. */
const shapes = fc.record({
  intermediates: fc.integer({ min: 0, max: 3 }),
  proxies: fc.integer({ min: 0, max: 4 }),
  attributes: fc.boolean(),
  /** From which proxy on the chain is limited. */
  limitedFrom: fc.integer({ min: 0, max: 8 }),
  signingPolicy: fc.boolean(),
})
type Shape = typeof shapes extends fc.Arbitrary<infer T> ? T : never

function clientOf({ limitedFrom, signingPolicy, ...shape }: Shape): Scenario {
  const made = scenario(shape)
  for (const proxy of made.proxies.slice(limitedFrom)) proxy.extensions[1] = proxyInfo(LIMITED)
  if (signingPolicy) {
    made.namespaceFile = 'signing_policy'
    made.namespaces = [made.root, ...made.intermediates].map(
      ({ subject }) =>
        `access_id_CA X509 '${subject}'\npos_rights globus CA:sign\ncond_subjects globus '"/DC=org/DC=example/*"'\n`,
    )
  }
  return made
}

test('a chain of any shape without a defect is accepted', async () => {
  await fc.assert(
    fc.asyncProperty(shapes, async (shape) => {
      expect(await reasonOf(clientOf(shape))).toBeUndefined()
    }),
    { numRuns: 25 },
  )
})

test('a chain of any shape with any one defect is never accepted', async () => {
  await fc.assert(
    fc.asyncProperty(shapes, fc.constantFrom(...DEFECTS), async (shape, { needs = {}, spoil }) => {
      const { intermediates = 0, proxies = 0, attributes = false } = needs
      const made = clientOf({
        ...shape,
        intermediates: Math.max(shape.intermediates, intermediates),
        // Some defects are of a person without a proxy.
        proxies: needs.proxies === 0 ? 0 : Math.max(shape.proxies, proxies),
        attributes: shape.attributes || attributes,
      })
      spoil(made)
      expect(await reasonOf(made)).toBeTypeOf('string')
    }),
    { numRuns: 80 },
  )
})

test('no proxy has a name or a group that its person or itself has not', async () => {
  await fc.assert(
    fc.asyncProperty(shapes, fc.nat(), async (shape, at) => {
      const made = clientOf({ ...shape, proxies: Math.max(1, shape.proxies), limitedFrom: 8 })
      const proxy = made.proxies[at % made.proxies.length]!
      proxy.extensions[1] = proxyInfo(INDEPENDENT)
      const identity = await judge(made)
      expect(identity).toMatchObject({ dn: proxy.subject, fqans: [] })
    }),
    { numRuns: 15 },
  )
})
