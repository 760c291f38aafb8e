import { verify } from 'node:crypto'
import { expect, test, vi } from 'vitest'
import type { Algorithm } from '../../src/index.ts'
import {
  importVerificationKey,
  makeSignature,
  importSigningKey,
  verifySignature,
} from '../../src/signature/signature-node.ts'

// Much work, and the machine may have other work.
vi.setConfig({ testTimeout: 180_000 })

const CURVES = {
  ES256: ['P-256', 32, 'sha256'],
  ES384: ['P-384', 48, 'sha384'],
  ES512: ['P-521', 66, 'sha512'],
} as const

async function keyPair(alg: keyof typeof CURVES) {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: CURVES[alg][0] }, true, ['sign', 'verify'])
  const jwk = async (key: CryptoKey): Promise<object> => crypto.subtle.exportKey('jwk', key)
  return {
    publicKey: await importVerificationKey(await jwk(pair.publicKey), alg),
    privateKey: await importSigningKey(await jwk(pair.privateKey), alg),
  }
}

test.each(['ES256', 'ES384', 'ES512'] as const)('an %s signature is judged as OpenSSL judges r and s', async (alg) => {
  const { publicKey, privateKey } = await keyPair(alg)
  const [, half, hash] = CURVES[alg]
  const judge = async (data: Uint8Array<ArrayBuffer>, signature: Uint8Array<ArrayBuffer>): Promise<void> => {
    const expected = verify(hash, data, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)
    expect(await verifySignature(alg, publicKey, data, signature)).toBe(expected)
  }
  const data = Uint8Array.from([1, 2, 3])
  // Enough for numbers with leading zeros and with the first bit set, in both halves.
  for (let i = 0; i < 300; i++) {
    // oxlint-disable-next-line no-await-in-loop -- one at a time is easier to read when it fails
    const signature = await makeSignature(alg, privateKey, data)
    // oxlint-disable-next-line no-await-in-loop -- as above
    expect(await verifySignature(alg, publicKey, data, signature)).toBe(true)
    signature[i % signature.length]! ^= 1
    // oxlint-disable-next-line no-await-in-loop -- as above
    await judge(data, signature)
  }
  for (const [r, s] of [
    [0, 0],
    [0, 1],
    [1, 0],
    [255, 255],
    [128, 127],
  ] as const) {
    const signature = new Uint8Array(2 * half)
    signature[half - 1] = r
    signature[2 * half - 1] = s
    // oxlint-disable-next-line no-await-in-loop -- as above
    await judge(data, signature)
    // oxlint-disable-next-line no-await-in-loop -- as above
    await judge(data, signature.fill(r, 0, half).fill(s, half))
  }
})

test('many checks at once do not keep the event loop', async () => {
  const { publicKey, privateKey } = await keyPair('ES256')
  const data = Uint8Array.from([1, 2, 3])
  const signature = await makeSignature('ES256', privateKey, data)
  let done = 0
  const checks = Array.from({ length: 400 }, async () => {
    const valid = await verifySignature('ES256' satisfies Algorithm, publicKey, data, signature)
    done += 1
    return valid
  })
  const { promise, resolve } = Promise.withResolvers<number>()
  setImmediate(() => resolve(done))
  expect(await promise).toBeLessThan(400)
  expect(await Promise.all(checks)).toEqual(Array.from({ length: 400 }, () => true))
})

test('a check by itself is done at once, and one after the other leaves room for others', async () => {
  const { publicKey, privateKey } = await keyPair('ES256')
  const data = Uint8Array.from([1, 2, 3])
  const signature = await makeSignature('ES256', privateKey, data)
  const { promise: nextTurn, resolve } = Promise.withResolvers<void>()
  setImmediate(resolve)
  await nextTurn
  expect(verifySignature('ES256', publicKey, data, signature)).toBe(true)
  const others: number[] = []
  const timer = setInterval(() => others.push(1), 1)
  while (others.length <= 3) {
    // oxlint-disable-next-line no-await-in-loop -- a loop that gives nobody else a turn of its own accord
    expect(await verifySignature('ES256', publicKey, data, signature)).toBe(true)
  }
  clearInterval(timer)
})
