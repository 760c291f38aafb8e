// Judges tokens with one enforcer, forgets them, and tells whether what makes them usable, their signatures, can still be found in the
// heap: `node --expose-gc heap-of-a-cache.ts keep|forget`. With `keep` it holds on to them itself, to show that they would be found.
import { getHeapSnapshot } from 'node:v8'
import { createTestIssuer } from '@scitokens/core/testing'
import { Enforcer } from '../src/index.ts'

const audience = 'https://storage.example'
const issuer = await createTestIssuer()
const enforcer = new Enforcer({ issuers: issuer.issuer, audience, keys: issuer.keys, clock: issuer.clock })
const kept: string[] = []
/** The signatures as bytes: what is in a buffer is in no string of the heap. */
const signatures: Buffer[] = []

// In a function: what a frame that still runs holds would be found.
async function judgeOne(aud: string): Promise<void> {
  const token = await issuer.sign({ aud, scope: 'read:/' })
  signatures.push(Buffer.from(token.slice(token.lastIndexOf('.') + 1)))
  const { allowed } = await enforcer.authorize(token, { authz: 'read', path: '/x' })
  if (allowed !== (aud === audience)) throw new Error('the enforcer has not judged as it should')
  if (process.argv[2] === 'keep') kept.push(token)
}
await judgeOne(audience)
await judgeOne(audience)
await judgeOne('https://elsewhere.example')

await new Promise(setImmediate)
globalThis.gc!()
const parts: Buffer[] = []
for await (const part of getHeapSnapshot()) parts.push(Buffer.from(part as Buffer))
const heap = Buffer.concat(parts)
if (!enforcer) throw new Error('the enforcer is gone')
const found = signatures.filter((signature) => heap.includes(signature)).length
console.log(JSON.stringify({ found, kept: kept.length }))
