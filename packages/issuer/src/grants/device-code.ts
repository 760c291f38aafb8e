import { OAuthError } from '../http/oauth-error.ts'
import { FIRST_ROUND, type LoginRound } from '../logins/standing.ts'
import type { GrantBounds } from '../policy/decide.ts'
import type { Principal } from '../policy/principal.ts'
import type { Grant } from './grant.ts'

/** A device login as stored, by the keyed hash of its device code. */
export interface DeviceRecord {
  readonly clientId: string
  /** As asked for; judged when it is known who answers. */
  readonly scope: string
  readonly audience: readonly string[]
  /** Seconds since the epoch. */
  readonly expiresAt: number
  /** Of the client at the beginning; with that of the person when approved. */
  readonly round?: LoginRound
  readonly state: 'waiting' | 'approved' | 'denied'
  /** Set when approved. */
  readonly principal?: Principal
  readonly bounds?: GrantBounds
}

/** RFC 8628 section 3.4. */
export const deviceCode: Grant = {
  grantType: 'urn:ietf:params:oauth:grant-type:device_code',
  shortName: 'device_code',
  label: 'You connected a device',
  givenTo: 'people',
  needs: { login: true, credentials: false, redirectUri: false },
  parameters: ['device_code'],
  async handle({ client, parameters, now, tools }) {
    const id = tools.secrets.hash('lookup', 'device', parameters.required('device_code'))
    const key = { realm: tools.issuer, kind: 'device', id } as const
    const entry = await tools.store.get<DeviceRecord>(key)
    if (!entry || entry.value.clientId !== client.clientId)
      throw new OAuthError('invalid_grant', 'the device code is not valid')
    const { state, principal, bounds, expiresAt, round = FIRST_ROUND } = entry.value
    if (expiresAt <= now) throw new OAuthError('expired_token', 'nobody answered in time; begin again')
    if (state === 'denied') throw new OAuthError('access_denied', 'the person refused')
    if (state === 'waiting' || !principal || !bounds) {
      if (tools.polledTooSoon(id))
        throw new OAuthError('slow_down', 'ask less often: wait five seconds longer between two requests')
      throw new OAuthError('authorization_pending', 'the person has not answered yet')
    }
    return {
      principal,
      bounds,
      round,
      changes: [{ remove: key }],
      conflict: 'the device code was used before',
      refresh: { kind: 'new', bounds },
    }
  },
}
