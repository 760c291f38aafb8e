import type { z } from 'zod'
import { CLIENT_PARAMETERS } from '../client-auth/authenticate.ts'
import { COMMON_PARAMETERS } from '../issuance/issue-token.ts'
import type { Realm } from '../realm/realm.ts'
import { AUTHORIZATION_PARAMETERS } from '../routes/authorize.ts'
import * as answers from './answers.ts'

/** An endpoint and a method, as described. */
export interface Operation {
  readonly summary: string
  readonly tag: 'tokens' | 'keys and metadata' | 'clients' | 'people'
  /** Parameters of the query. */
  readonly query?: readonly string[]
  /** Parameters of a form in the body. */
  readonly form?: readonly string[]
  readonly required?: readonly string[]
  /** A JSON document in the body. */
  readonly json?: z.ZodType
  /** How the caller shows who it is. Default: not at all. */
  readonly shows?: 'client' | 'token' | 'registration token' | 'session'
  /** Statuses, each with the form of its JSON, or `page`: HTML, or `nothing`. */
  readonly answers: Readonly<Record<number, z.ZodType | 'page' | 'nothing'>>
}

const { errorAnswer } = answers
const REFUSED = { 400: errorAnswer, 429: errorAnswer, 503: errorAnswer } as const
const CLIENT_REFUSED = { ...REFUSED, 401: errorAnswer } as const
const TARGET = ['scope', 'audience', 'resource']

/** What each method of each endpoint does, by its path below the issuer's. */
export function operationsOf(realm: Realm): Readonly<Record<string, Operation>> {
  const metadata = (standard: string): Operation => ({
    summary: `What this issuer can do, and where. ${standard}`,
    tag: 'keys and metadata',
    answers: { 200: answers.metadataAnswer, 304: 'nothing' },
  })
  const page = (summary: string, more: Partial<Operation> = {}): Operation => ({
    summary,
    tag: 'people',
    answers: { 200: 'page', 303: 'nothing', 400: 'page', 403: 'page', 503: errorAnswer },
    ...more,
  })
  const sent = (summary: string, form: readonly string[], shows?: 'session'): Operation =>
    page(summary, {
      form,
      ...(shows && { shows }),
      answers: { 200: 'page', 303: 'nothing', 400: 'page', 403: 'page', 429: errorAnswer, 503: errorAnswer },
    })
  const userinfo: Operation = {
    summary: 'About the person of an access token. OpenID Connect Core section 5.3',
    tag: 'people',
    shows: 'token',
    answers: { 200: answers.userinfoAnswer, 401: errorAnswer, 403: errorAnswer, 503: errorAnswer },
  }
  const managed = { tag: 'clients', shows: 'registration token' } as const
  const grants = [...realm.grants.values()].flatMap(({ parameters }) => parameters)
  return {
    'GET /.well-known/openid-configuration': metadata('OpenID Connect Discovery section 4'),
    'GET /.well-known/oauth-authorization-server': metadata('RFC 8414 section 3'),
    'GET /jwks': {
      summary: 'The public keys of tokens: those that sign, signed, and will sign. RFC 7517',
      tag: 'keys and metadata',
      answers: { 200: answers.jwksAnswer, 304: 'nothing' },
    },
    'GET /openapi.json': {
      summary: 'This document',
      tag: 'keys and metadata',
      answers: { 200: 'nothing', 304: 'nothing' },
    },
    'POST /token': {
      summary: `A token for a grant. RFC 6749 section 3.2. grant_type is one of ${[...realm.grants.keys()].join(', ')}`,
      tag: 'tokens',
      form: [...COMMON_PARAMETERS, ...TARGET, ...grants, ...CLIENT_PARAMETERS],
      required: ['grant_type'],
      shows: 'client',
      answers: { 200: answers.tokenAnswer, ...CLIENT_REFUSED },
    },
    'POST /introspect': {
      summary: 'Whether a token of this issuer is good. RFC 7662',
      tag: 'tokens',
      form: ['token', 'token_type_hint', ...CLIENT_PARAMETERS],
      required: ['token'],
      shows: 'client',
      answers: { 200: answers.introspectionAnswer, ...CLIENT_REFUSED },
    },
    'POST /revoke': {
      summary: 'Ends a token, and with a refresh token its whole login. RFC 7009',
      tag: 'tokens',
      form: ['token', 'token_type_hint', ...CLIENT_PARAMETERS],
      required: ['token'],
      shows: 'client',
      answers: { 200: 'nothing', ...CLIENT_REFUSED },
    },
    'POST /device_authorization': {
      summary: 'Begins a login for a device without a browser. RFC 8628 section 3.1',
      tag: 'tokens',
      form: [...TARGET, ...CLIENT_PARAMETERS],
      shows: 'client',
      answers: { 200: answers.deviceAnswer, ...CLIENT_REFUSED },
    },
    'GET /userinfo': userinfo,
    'POST /userinfo': { ...userinfo, answers: { ...userinfo.answers, 429: errorAnswer } },
    'GET /authorize': page('Begins a login in the browser. RFC 6749 section 4.1.1', {
      query: AUTHORIZATION_PARAMETERS,
    }),
    'POST /authorize': sent('The same, by a form', AUTHORIZATION_PARAMETERS),
    'POST /authorize/consent': sent('A person allows an application, or not', ['page', 'answer'], 'session'),
    'GET /login': page('Where people log in, and come back to from the identity provider'),
    'POST /login': sent('The same, by a form', ['token']),
    'POST /logout': sent('A person logs out here', ['page'], 'session'),
    'GET /device': page('Where a person types the code that a device shows', { query: ['user_code'] }),
    'POST /device': sent('A person has typed a code', ['page', 'user_code'], 'session'),
    'POST /device/answer': sent('A person allows a device, or not', ['page', 'answer'], 'session'),
    'GET /applications': page('What a person has allowed, to look at', { shows: 'session' }),
    'POST /applications': sent('A person takes back what was allowed', ['page'], 'session'),
    'POST /register': {
      summary: 'A client registers itself. RFC 7591',
      tag: 'clients',
      json: answers.clientMetadata,
      answers: { 201: answers.registrationAnswer, ...CLIENT_REFUSED },
    },
    'GET /register/:id': {
      ...managed,
      summary: 'What is registered. RFC 7592 section 2.1',
      answers: { 200: answers.clientAnswer, 401: errorAnswer, 503: errorAnswer },
    },
    'PUT /register/:id': {
      ...managed,
      summary: 'A client changes what it registered. RFC 7592 section 2.2',
      json: answers.clientMetadata,
      answers: { 200: answers.clientAnswer, ...CLIENT_REFUSED },
    },
    'DELETE /register/:id': {
      ...managed,
      summary: 'A client ends its registration. RFC 7592 section 2.3',
      answers: { 204: 'nothing', 401: errorAnswer, 503: errorAnswer },
    },
  }
}
