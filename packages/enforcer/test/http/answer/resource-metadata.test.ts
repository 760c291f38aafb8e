import { expect, test } from 'vitest'
import { resourceMetadata } from '../../../src/http/index.ts'

const authorizationServers = ['https://issuer.example']

test("the resource's own path comes after the well-known part", () => {
  const path = (resource: string): string => resourceMetadata({ resource, authorizationServers }).path
  expect(path('https://storage.example')).toBe('/.well-known/oauth-protected-resource')
  expect(path('https://storage.example/')).toBe('/.well-known/oauth-protected-resource')
  expect(path('https://storage.example/api/v1')).toBe('/.well-known/oauth-protected-resource/api/v1')
})

test('the document names the resource as clients do, and its address is absolute', () => {
  const metadata = resourceMetadata({
    resource: 'https://storage.example:8443/api',
    authorizationServers,
    scopesSupported: ['read:/'],
    resourceName: 'The store',
  })
  expect(metadata.document).toEqual({
    resource: 'https://storage.example:8443/api',
    authorization_servers: ['https://issuer.example'],
    bearer_methods_supported: ['header'],
    scopes_supported: ['read:/'],
    resource_name: 'The store',
  })
  expect(metadata.url).toBe('https://storage.example:8443/.well-known/oauth-protected-resource/api')
  expect(metadata.headers['access-control-allow-origin']).toBe('*')
})

test.each(['storage.example', 'ftp://storage.example', 'https://storage.example/#a'])(
  '%s is no resource',
  (resource) => {
    expect(() => resourceMetadata({ resource, authorizationServers })).toThrow(
      expect.objectContaining({ code: 'config_error' }),
    )
  },
)
