import type { IssuerOptions, RealmOptions } from '../realm/options.ts'

/** Options of one realm, and what comes before their names in messages, such as `realms[0].`. */
export interface PlacedRealm {
  readonly options: RealmOptions
  readonly at: string
}

/** The realms of options: the one that they are directly, or those of `realms`. */
export function placesOfRealms(options: IssuerOptions): readonly PlacedRealm[] {
  if (options.realms) return options.realms.map((realm, index) => ({ options: realm, at: `realms[${index}].` }))
  return options.issuer === undefined ? [] : [{ options: options as RealmOptions, at: '' }]
}
