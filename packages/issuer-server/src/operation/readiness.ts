import type { Realm } from '@scitokens/issuer'

/** How long a check waits for the database, in milliseconds: less than the service waits for an answer. */
const STORE_TIMEOUT_MS = 1500

/** Whether the database answers in time. */
export async function storeIsUp([realm]: readonly Realm[]): Promise<boolean> {
  if (!realm) return false
  const asked = realm.store.get({ realm: realm.issuer, kind: 'lease', id: 'health' }).then(
    () => true,
    () => false,
  )
  return Promise.race([asked, timeout(STORE_TIMEOUT_MS)])
}

/** What keeps these issuers from issuing, in words: keys to sign with, and a database that answers. */
export async function problemsOf(realms: readonly Realm[]): Promise<readonly string[]> {
  return [
    ...((await storeIsUp(realms)) ? [] : ['the database does not answer']),
    ...realms.filter((realm) => !canSign(realm)).map(({ issuer }) => `no key to sign with for ${issuer}`),
  ]
}

function canSign({ keys, algorithms }: Realm): boolean {
  const active = new Set(
    keys
      .status()
      .filter(({ state }) => state === 'active')
      .map(({ alg }) => alg),
  )
  return algorithms.every((alg) => active.has(alg))
}

function timeout(ms: number): Promise<false> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(false), ms).unref()
  })
}
