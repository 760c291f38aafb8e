import { withoutKey } from './segments.ts'

/** Milliseconds after which a server that does not answer counts as one that cannot be reached. */
export const SERVER_PATIENCE_MS = 10_000

/**
 * The one way in which a token on the desk leaves this page: without the key of a chain's holder, which is for nobody but the holder.
 * A link that shows its key can be looked at here; the server gets what anybody may see of it.
 */
export function verifyByServer(token: string): Promise<Response> {
  return fetch('verify', {
    method: 'POST',
    body: JSON.stringify({ token: withoutKey(token) }),
    signal: AbortSignal.timeout(SERVER_PATIENCE_MS),
  })
}

/** Asks for an area of the server with the token, as {@link verifyByServer} sends it. */
export function openArea(area: string, token: string): Promise<Response> {
  return fetch(area, {
    headers: { authorization: `Bearer ${withoutKey(token)}` },
    signal: AbortSignal.timeout(SERVER_PATIENCE_MS),
  })
}
