// Decides on tokens, lets go of them, and writes what is left in memory to the file that is named. Prints the tokens afterwards, one in
// a line: one that is held on purpose, a good one, one for another server and one with a bad signature. Until then it has these as bytes
// only, which are no part of a snapshot.
import { writeHeapSnapshot } from 'node:v8'
import { createTestIssuer } from '@scitokens/core/testing'
import { Enforcer } from '../../src/index.ts'

const audience = 'https://storage.example'
const question = { authz: 'read', path: '/a' }
const issuer = await createTestIssuer()
const enforcer = new Enforcer({ issuers: issuer.issuer, keys: issuer.keys, audience })
/** In one piece, as it comes from a request, and not as the parts that it was put together from. */
const sign = async (jti: string, aud: string = audience): Promise<string> =>
  Buffer.from(await issuer.sign({ aud, scope: 'read:/a', jti })).toString()

async function decideTwice(token: string, expected: boolean): Promise<Buffer> {
  for (let time = 1; time <= 2; time++) {
    // oxlint-disable-next-line no-await-in-loop -- the second time, it is known
    const decision = await enforcer.decide(token, question)
    if (decision.allowed !== expected) throw new Error('another decision was expected')
  }
  return Buffer.from(token)
}

async function withBadSignature(): Promise<string> {
  const [good, other] = [await sign('bad'), await sign('other')]
  return Buffer.from(good.slice(0, good.lastIndexOf('.')) + other.slice(other.lastIndexOf('.'))).toString()
}

const good = await decideTwice(await sign('jti-of-the-good-one'), true)
const foreign = await decideTwice(await sign('foreign', 'https://elsewhere.example'), false)
const bad = await decideTwice(await withBadSignature(), false)
const held = { token: await sign('held') }
// A turn of the event loop, after which nobody waits for anything that knew a token.
await new Promise((resolve) => setImmediate(resolve))
writeHeapSnapshot(process.argv[2])
console.log([held.token, ...[good, foreign, bad].map(String)].join('\n'))
// The verdicts are alive until here.
await enforcer.decide('', question)
