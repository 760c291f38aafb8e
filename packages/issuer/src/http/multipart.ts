import { OAuthError } from './oauth-error.ts'
import { Parameters } from './parameters.ts'

/**
 * Reads a form sent as `multipart/form-data` (RFC 7578), as one credential monitor of the field does: text fields only. Taken only
 * where the configuration says so.
 *
 * A general parser such as `@fastify/busboy` is laxer: it takes parts that have no name, tells fields of a form that does not end, and decodes
 * whatever charset a part names. Here all of that is refused.
 *
 * @param body - decoded as latin1, so that no byte is lost on the way to the boundary.
 */
export function parseMultipart(body: string, contentType: string): Parameters {
  const boundary = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType)
  if (!boundary) throw malformed('has no boundary')
  const parts = `\r\n${body}`.split(`\r\n--${boundary[1] ?? boundary[2]}`)
  if (!parts.at(-1)!.startsWith('--')) throw malformed('does not end')
  return new Parameters(parts.slice(1, -1).map(readPart))
}

function readPart(part: string): readonly [string, string] {
  const end = part.indexOf('\r\n\r\n')
  if (!part.startsWith('\r\n') || end === -1) throw malformed('has a part without headers')
  const disposition =
    part
      .slice(2, end)
      .split('\r\n')
      .find((line) => /^content-disposition:/i.test(line)) ?? ''
  const name = /^content-disposition:\s*form-data;\s*name="([^"]+)"\s*$/i.exec(disposition)?.[1]
  if (name === undefined) throw malformed('has a part that is no text field')
  return [name, Buffer.from(part.slice(end + 4), 'latin1').toString('utf8')]
}

function malformed(why: string): OAuthError {
  return new OAuthError('invalid_request', `the multipart form ${why}`)
}
