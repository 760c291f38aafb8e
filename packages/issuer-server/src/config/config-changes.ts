import { isDeepStrictEqual } from 'node:util'
import type { ConfiguredRealm } from './realm-block.ts'
import type { ConfigFile } from './config-schema.ts'

/** Keys of an issuer that a running process takes over. */
const REALM_KEYS = new Set(['clients', 'policy', 'registration', 'scopesSupported', 'lifetime', 'profile', 'refresh'])
/** Keys of the file that a running process takes over, beside those of its issuers. */
const FILE_KEYS = new Set(['rateLimit', 'logLevel'])

/** Keys that differ between what the process was started with and what the file says now, and that only a restart takes over. */
export function needsRestart(started: ConfigFile, now: ConfigFile): readonly string[] {
  const { realms: before, ...one } = started
  const { realms: after, ...other } = now
  return [
    ...differing(withoutTls(one), withoutTls(other), (key) => REALM_KEYS.has(key) || FILE_KEYS.has(key)),
    ...registrationSwitched(one, other, ''),
    ...differingRealms(before, after),
  ]
}

function differingRealms(
  before: readonly ConfiguredRealm[] | undefined,
  after: readonly ConfiguredRealm[] | undefined,
): readonly string[] {
  const names = (realms: readonly ConfiguredRealm[] = []): readonly string[] => realms.map(({ issuer }) => issuer)
  if (!isDeepStrictEqual(names(before), names(after))) return ['realms']
  return (after ?? []).flatMap((realm, index) => {
    const at = `realms[${index}].`
    return [
      ...differing(before![index]!, realm, (key) => REALM_KEYS.has(key)).map((key) => at + key),
      ...registrationSwitched(before![index]!, realm, at),
    ]
  })
}

/** Endpoints of registration exist from the start or not at all. */
function registrationSwitched(
  before: Pick<ConfiguredRealm, 'registration'>,
  after: Pick<ConfiguredRealm, 'registration'>,
  at: string,
): readonly string[] {
  return (before.registration === undefined) === (after.registration === undefined) ? [] : [`${at}registration`]
}

/** Certificate and key are read again; that there is TLS, and for whom, is not. */
function withoutTls(config: Partial<ConfigFile>): object {
  const { listen, ...rest } = config
  if (!listen?.tls) return config
  return { ...rest, listen: { ...listen, tls: { clientCertificates: listen.tls.clientCa !== undefined } } }
}

/** Paths of the values that differ, as deep as plain objects go. */
function differing(before: object, after: object, skip: (key: string) => boolean = () => false): readonly string[] {
  const a = before as Readonly<Record<string, unknown>>
  const b = after as Readonly<Record<string, unknown>>
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) => {
    if (skip(key) || isDeepStrictEqual(a[key], b[key])) return []
    if (!isPlain(a[key]) || !isPlain(b[key])) return [key]
    return differing(a[key], b[key]).map((below) => `${key}.${below}`)
  })
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** In a few words, what a reload changed for one issuer: `clients +new -old ~changed, policy`. For log and audit. */
export function describeChange(
  before: Omit<ConfiguredRealm, 'issuer'>,
  after: Omit<ConfiguredRealm, 'issuer'>,
): string {
  const clients = describeClients(before.clients ?? [], after.clients ?? [])
  const others = [...REALM_KEYS].filter(
    (key) =>
      key !== 'clients' && !isDeepStrictEqual(before[key as keyof typeof before], after[key as keyof typeof after]),
  )
  return [...(clients === '' ? [] : [`clients ${clients}`]), ...others].join(', ') || 'nothing'
}

type Clients = NonNullable<ConfiguredRealm['clients']>

function describeClients(before: Clients, after: Clients): string {
  const old = new Map(before.map((client) => [client.clientId, client]))
  const now = new Map(after.map((client) => [client.clientId, client]))
  return [
    ...[...now.keys()].filter((id) => !old.has(id)).map((id) => `+${id}`),
    ...[...old.keys()].filter((id) => !now.has(id)).map((id) => `-${id}`),
    ...[...now]
      .filter(([id, client]) => old.has(id) && !isDeepStrictEqual(old.get(id), client))
      .map(([id]) => `~${id}`),
  ].join(' ')
}
