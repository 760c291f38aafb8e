import { InvalidRequestError, SciTokenError, UndecidedError } from '@scitokens/core'
import { expect, test } from 'vitest'
import { OAuthError } from '../../src/http/oauth-error.ts'

test.each(['server_error', 'temporarily_unavailable'] as const)(
  '%s is "we could not decide", and no mistake of the client',
  (error) => {
    const thrown = new OAuthError(error, 'not now', { headers: { 'retry-after': '7' } })
    expect(thrown).toMatchObject({
      family: 'undecided',
      code: 'undecided',
      retryAfterSeconds: 7,
      name: 'UndecidedError',
    })
    expect(thrown).toBeInstanceOf(UndecidedError)
    expect(thrown).toBeInstanceOf(OAuthError)
    expect(thrown).toBeInstanceOf(SciTokenError)
    expect(thrown).not.toBeInstanceOf(InvalidRequestError)
  },
)

test('what the client can mend is an invalid request', () => {
  for (const error of ['invalid_scope', 'invalid_client', 'access_denied', 'invalid_token'] as const) {
    const thrown = new OAuthError(error, 'no')
    expect(thrown).toMatchObject({ family: 'invalid_request', code: 'invalid_request' })
    expect(thrown).toBeInstanceOf(InvalidRequestError)
    expect(thrown).not.toBeInstanceOf(UndecidedError)
  }
})
