import { ConfigError } from '@scitokens/core'
import { given, listOf, type OptionReaders, quote, readOptions, readUrl, text } from '@scitokens/core/internal'

/** Options of {@link resourceMetadata}. */
export interface ResourceMetadataOptions {
  /** The identifier clients use for this server: an absolute `https` URL without fragment. Never taken from a request. */
  readonly resource: string
  /** The issuers that tokens may come from. */
  readonly authorizationServers: readonly string[]
  /** Scopes that a client may ask for. Default: not told. */
  readonly scopesSupported?: readonly string[]
  /** Name of this server for people. Default: not told. */
  readonly resourceName?: string
  /** URL of a page for developers. Default: not told. */
  readonly resourceDocumentation?: string
}

const METADATA_READERS: OptionReaders<ResourceMetadataOptions> = {
  resource: text,
  authorizationServers: listOf(text, { empty: true }),
  scopesSupported: listOf(text, { empty: true }),
  resourceName: text,
  resourceDocumentation: text,
}

/** A document to serve, where, and its URL for challenges. RFC 9728. */
export interface ResourceMetadata {
  /** The path to serve it at: the resource's own path comes *after* the well-known part. RFC 9728 section 3.1. */
  readonly path: string
  /** Absolute URL, for `resource_metadata` in a challenge. */
  readonly url: string
  /** The document, to be sent as JSON. */
  readonly document: Readonly<Record<string, unknown>>
  /** Header fields to send with it. */
  readonly headers: Readonly<Record<string, string>>
}

const WELL_KNOWN = '/.well-known/oauth-protected-resource'

/** Makes the protected-resource metadata of a server. Throws `config_error` for a resource identifier that is none. */
export function resourceMetadata(wanted: ResourceMetadataOptions): ResourceMetadata {
  const options = readOptions<ResourceMetadataOptions>(wanted, METADATA_READERS)
  const { resource } = options
  const url = readUrl(resource)
  if (url === undefined) throw new ConfigError('config_error', `the resource ${quote(resource)} is not a URL`)
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new ConfigError('config_error', `the resource ${quote(resource)} is not https`)
  if (resource.includes('#')) throw new ConfigError('config_error', `the resource ${quote(resource)} has a fragment`)
  const path = `${WELL_KNOWN}${url.pathname === '/' ? '' : url.pathname}`
  return {
    path,
    url: `${url.origin}${path}${url.search}`,
    document: {
      resource,
      authorization_servers: options.authorizationServers,
      bearer_methods_supported: ['header'],
      ...(options.scopesSupported && { scopes_supported: options.scopesSupported }),
      ...given({ resource_name: options.resourceName, resource_documentation: options.resourceDocumentation }),
    },
    headers: {
      'content-type': 'application/json',
      'access-control-allow-origin': '*',
      'cache-control': 'public, max-age=3600',
    },
  }
}
