import { closed, type JsonSchema, TEXT } from './json-schema.ts'

/** What a method of an endpoint does, for the OpenAPI description. It stands with the route itself. */
export interface Operation {
  /** One sentence, with the section of the standard. */
  readonly summary: string
  readonly tag: 'tokens' | 'keys and metadata' | 'clients' | 'people'
  /** Parameters of the query. */
  readonly query?: readonly string[]
  /** Parameters of a form in the body. */
  readonly form?: readonly string[]
  /** Those of the form without which nothing can be done. */
  readonly required?: readonly string[]
  /** A JSON document in the body. */
  readonly json?: JsonSchema
  /** How the caller shows who it is. Default: not at all. */
  readonly shows?: 'client' | 'token' | 'registration token' | 'session'
  /** Statuses, each with the form of its JSON, or `page`: HTML, or `nothing`. */
  readonly answers: Readonly<Record<number, JsonSchema | 'page' | 'nothing'>>
}

/** What each method of a route does. */
export type Operations = Readonly<Partial<Record<'GET' | 'POST' | 'PUT' | 'DELETE', Operation>>>

/** RFC 6749 section 5.2, and the codes of RFC 6750, 7591, 8628, 8693 and 8707. */
export const ERROR_ANSWER: JsonSchema = closed({ error: TEXT }, { error_description: TEXT })

/** How a request to an endpoint for programs can fail. */
const REFUSED: Operation['answers'] = { 400: ERROR_ANSWER, 429: ERROR_ANSWER, 503: ERROR_ANSWER }

/** As {@link REFUSED}, where a client says who it is. */
export const CLIENT_REFUSED: Operation['answers'] = { ...REFUSED, 401: ERROR_ANSWER }

/** A page for people. */
export function describedPage(summary: string, more: Partial<Operation> = {}): Operation {
  return {
    summary,
    tag: 'people',
    answers: { 200: 'page', 303: 'nothing', 400: 'page', 403: 'page', 503: ERROR_ANSWER },
    ...more,
  }
}

/** A form that a page sends. */
export function sentForm(summary: string, form: readonly string[], shows?: 'session'): Operation {
  return describedPage(summary, {
    form,
    ...(shows && { shows }),
    answers: { 200: 'page', 303: 'nothing', 400: 'page', 403: 'page', 429: ERROR_ANSWER, 503: ERROR_ANSWER },
  })
}
