import { z } from 'zod'

// What the endpoints answer, as JSON. Strict: a member that is not here is not sent, but where a standard leaves it open.

const names = z.array(z.string())
const url = z.url()

/** RFC 6749 section 5.2, and the codes of RFC 6750, 7591, 8628, 8693 and 8707. */
export const errorAnswer: z.ZodType = z.strictObject({ error: z.string(), error_description: z.string().optional() })

/** RFC 6749 section 5.1, RFC 8693 section 2.2.1, OpenID Connect Core section 3.1.3.3. */
export const tokenAnswer: z.ZodType = z.strictObject({
  access_token: z.string(),
  token_type: z.literal('Bearer'),
  expires_in: z.int().positive().meta({ description: 'Seconds.' }),
  scope: z
    .string()
    .meta({ description: 'What was granted; narrower than what was asked for where policy allows less.' }),
  refresh_token: z.string().optional(),
  id_token: z.string().optional(),
  issued_token_type: z.string().optional(),
})

/** RFC 8628 section 3.2. */
export const deviceAnswer: z.ZodType = z.strictObject({
  device_code: z.string(),
  user_code: z.string(),
  verification_uri: url,
  verification_uri_complete: url,
  verification_url: url.meta({ description: 'The same, for clients of before the RFC.' }),
  expires_in: z.int().positive(),
  interval: z.int().positive(),
})

/** RFC 7662 section 2.2: the claims of a token that is good, and nothing about one that is not. */
export const introspectionAnswer: z.ZodType = z.looseObject({ active: z.boolean(), token_type: z.string().optional() })

/** OpenID Connect Core section 5.3.2. */
export const userinfoAnswer: z.ZodType = z.strictObject({ sub: z.string(), 'wlcg.groups': names.optional() })

/** RFC 7517. */
export const jwksAnswer: z.ZodType = z.strictObject({
  keys: z.array(z.looseObject({ kty: z.string(), kid: z.string(), alg: z.string(), use: z.literal('sig') })),
})

/** RFC 8414 section 2, OpenID Connect Discovery section 3. */
export const metadataAnswer: z.ZodType = z.looseObject({
  issuer: url,
  token_endpoint: url,
  jwks_uri: url,
  grant_types_supported: names,
  response_types_supported: names,
  scopes_supported: names,
  token_endpoint_auth_methods_supported: names,
  code_challenge_methods_supported: names,
})

const metadata = {
  redirect_uris: names,
  grant_types: names,
  response_types: names,
  token_endpoint_auth_method: z.enum(['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none']),
  application_type: z.string(),
  client_name: z.string().optional(),
  client_uri: z.string().optional(),
  scope: z.string().optional(),
  contacts: names.optional(),
  jwks: z.looseObject({}).optional(),
}

/** What a client says of itself. RFC 7591 section 2. What is not known is ignored. */
export const clientMetadata: z.ZodType = z.looseObject(metadata).partial()

/** RFC 7592 section 3. */
export const clientAnswer: z.ZodType = z.strictObject({
  client_id: z.string(),
  client_id_issued_at: z.int(),
  registration_client_uri: url,
  ...metadata,
})

/** RFC 7591 section 3.2.1: with what is told this once. */
export const registrationAnswer: z.ZodType = z.strictObject({
  client_id: z.string(),
  client_id_issued_at: z.int(),
  registration_client_uri: url,
  ...metadata,
  client_secret: z.string().optional(),
  client_secret_expires_at: z.int().optional(),
  registration_access_token: z.string(),
})
