import { joinKeyedToken, type KeySource, SciToken, SigningKey, verifyToken } from '@scitokens/core'
import { describe, expect, test } from 'vitest'
import { ROBOT, startIssuer } from '../support/harness.ts'

const CC = { grant_type: 'client_credentials', scope: 'read:/store/data' }

describe('the base of a token chain', () => {
  test('is signed for the key that the client names, within its policy; its holder derives narrower tokens', async () => {
    const { token, issuer, url, clock } = await startIssuer({ clients: [{ ...ROBOT, chains: true }] })
    const key = await SigningKey.generate()
    const reply = await token({ ...CC, cwk: JSON.stringify(key.publicJwk) })
    expect(reply.status).toBe(200)
    const base = reply.body['access_token'] as string
    const header = JSON.parse(Buffer.from(base.split('.')[0]!, 'base64url').toString())
    expect(header).toMatchObject({ typ: 'scitoken-chain+jwt', crit: ['cwk'], cwk: { kty: 'EC' } })
    expect(header.cwk).not.toHaveProperty('d')
    const { keySet } = await issuer.realms[0]!.keys.published()
    const keys: KeySource = { getKeySet: () => keySet }
    // By itself it is worth nothing at a server.
    const once = verifyToken(base, { keys, issuers: [url], chains: true })
    await expect(once).rejects.toMatchObject({ code: 'parent_not_accepted' })
    const parent = joinKeyedToken(base, key)
    const leaf = new SciToken({ parent })
    leaf.set('scope', 'read:/store/data/run1')
    const child = await leaf.serialize({ clock: clock.read })
    const verified = await verifyToken(child, { keys, issuers: [url], chains: { maxDepth: 2 } })
    expect(verified.claims).toMatchObject({ sub: 'robot', scope: 'read:/store/data/run1' })
    const wide = new SciToken({ parent })
    expect(() => wide.set('scope', 'read:/store')).toThrow(expect.objectContaining({ code: 'widened_chain' }))
  })

  test('is only for clients whose configuration says so, and for public keys', async () => {
    const key = await SigningKey.generate()
    const closed = await startIssuer()
    expect((await closed.token({ ...CC, cwk: JSON.stringify(key.publicJwk) })).body['error']).toBe(
      'unauthorized_client',
    )
    const open = await startIssuer({ clients: [{ ...ROBOT, chains: true }] })
    for (const cwk of [JSON.stringify(key.exportJwk()), '{"kty":"oct","k":"AA"}', 'null', '[1]', '{']) {
      expect((await open.token({ ...CC, cwk })).body['error']).toBe('invalid_request')
    }
    expect(
      (await open.token({ ...CC, scope: 'read:/store wlcg', cwk: JSON.stringify(key.publicJwk) })).body['error'],
    ).toBe('invalid_request')
  })
})
