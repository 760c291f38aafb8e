import { normaliseDn } from '@scitokens/core/internal'
import { expect, test } from 'vitest'

test.each([
  ['/DC=org/CN=Ana', '/DC=org/CN=Ana'],
  [' /DC=org/Email=ana@example.org\n', '/DC=org/emailAddress=ana@example.org'],
  ['/DC=org/USERID=ana/S=Hessen', '/DC=org/UID=ana/ST=Hessen'],
  ['/CN=host/se.example.org', '/CN=host/se.example.org'],
  ['/constructor=x', '/constructor=x'],
])('%j is the name %j', (text, name) => {
  expect(normaliseDn(text)).toBe(name)
})
