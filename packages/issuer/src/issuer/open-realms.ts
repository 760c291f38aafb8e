import { ConfigError } from '@scitokens/core'
import { openRealm, type SharedParts } from '../realm/open-realm.ts'
import type { IssuerOptions } from '../realm/options.ts'
import type { Realm } from '../realm/realm.ts'
import { placesOfRealms } from './places-of-realms.ts'

/** Opens every realm of the options. Throws `config_error` where there is none, or one is there twice. */
export async function openRealms(options: IssuerOptions, shared: SharedParts): Promise<readonly Realm[]> {
  if (options.issuer !== undefined && options.realms)
    throw new ConfigError('config_error', 'give one issuer directly, or several as realms, not both')
  const places = placesOfRealms(options)
  if (places.length === 0) throw new ConfigError('config_error', 'issuer: the URL of the issuer is missing')
  const realms: Realm[] = []
  for (const { options: realm, at } of places) {
    if (realm.issuer === undefined)
      throw new ConfigError('config_error', `${at}issuer: the URL of the issuer is missing`)
    if (realms.some((other) => other.issuer.replace(/\/$/, '') === realm.issuer.replace(/\/$/, ''))) {
      throw new ConfigError('config_error', `${at}issuer: ${realm.issuer} is there twice`)
    }
    // oxlint-disable-next-line no-await-in-loop -- each makes its keys under a lease of its own; order keeps errors clear
    realms.push(await openRealm(realm, options, shared, at))
  }
  return realms
}
