import type { JsonObject, ProfileName } from '@scitokens/core'

/** Which profile a token seems to follow, for display; undefined where it names a version that nobody knows. */
export function profileOf(header: JsonObject, claims: JsonObject): ProfileName | undefined {
  const { ver } = claims
  if (ver === 'scitoken:1.0' || ver === 'scitokens:1.0') return 'scitoken:1.0'
  if (ver === 'scitoken:2.0' || ver === 'scitokens:2.0' || ver === 'scitoken-chain:1.0') return 'scitoken:2.0'
  if (ver !== undefined) return undefined
  const wlcg = claims['wlcg.ver']
  if (wlcg !== undefined) return typeof wlcg === 'string' && /^1\.\d+$/.test(wlcg) ? 'wlcg:1.x' : undefined
  const { typ } = header
  return typeof typ === 'string' && typ.toLowerCase() === 'at+jwt' ? 'at+jwt' : 'scitoken:1.0'
}

/** Whether a header is that of a chain's link. */
export function isChain(header: JsonObject | undefined): boolean {
  return header !== undefined && (Object.hasOwn(header, 'cwk') || Object.hasOwn(header, 'pwt'))
}

/** What people call it. */
export const PROFILE_TITLES: Readonly<Record<ProfileName, string>> = {
  'scitoken:1.0': 'SciTokens 1.0',
  'scitoken:2.0': 'SciTokens 2.0',
  'wlcg:1.x': 'WLCG 1.x',
  'at+jwt': 'RFC 9068 (at+jwt)',
}
