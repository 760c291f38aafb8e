/** What a job needs to get a token. */
export interface Credentials {
  readonly issuerUrl: string
  readonly clientId: string
  readonly clientSecret: string
}

/** Gets a token by OAuth 2.0 client credentials (RFC 6749 section 4.4): what `curl` could do as well. */
export async function getToken({ issuerUrl, clientId, clientSecret }: Credentials, audience: string): Promise<string> {
  const metadata = await getJson(`${issuerUrl}/.well-known/openid-configuration`)
  const answer = await getJson(metadata['token_endpoint'] as string, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', audience }),
  })
  return answer['access_token'] as string
}

async function getJson(url: string, init?: RequestInit): Promise<Record<string, unknown>> {
  const response = await fetch(url, init)
  const body = (await response.json()) as Record<string, unknown>
  if (!response.ok)
    throw new Error(`${new URL(url).pathname} of the issuer answered ${response.status} ${String(body['error'])}`)
  return body
}
