import { InvalidRequestError } from '@scitokens/core'
import { listOf, type OptionReaders, quote, type Reader, readOptions, text, wrong } from '@scitokens/core/internal'

/** Options of {@link destinationPath}. */
export interface DestinationOptions {
  /** Hosts under which this server goes, as in URLs (`data.example:8443`). Usually the request's own `Host`. */
  readonly hosts: readonly string[]
  /** What stands before the namespace in URLs: `/data`. Default: nothing. */
  readonly prefix?: string
}

/** Reads a host of {@link DestinationOptions}, as it stands in URLs. Throws `config_error`. */
export const readHost: Reader<string> = (value, name) => {
  if (typeof value === 'string' && /^[^\s/\\?#@]+$/.test(value)) return value
  throw wrong(name, 'a host as in URLs, such as data.example:8443', value)
}

const READERS: OptionReaders<DestinationOptions> = {
  hosts: listOf(readHost, { empty: true }),
  prefix: text,
}

/**
 * The path that the `Destination` of a MOVE or COPY names, not decoded and below `prefix`; undefined where there is none.
 * RFC 4918 section 10.3: an absolute URL or path.
 *
 * It is cut out of the text rather than parsed as a URL: WHATWG's parser resolves `..` and turns `\` into `/`, and the guard would
 * then judge another path than the one that came.
 *
 * Throws `invalid_request` for another server, another part of this one, and what is no destination at all; `config_error` for
 * options that make no sense.
 */
export function destinationPath(
  header: string | readonly string[] | undefined,
  options: DestinationOptions,
): string | undefined {
  return pathOfDestination(header, readOptions<DestinationOptions>(options, READERS))
}

/** As {@link destinationPath}, with options that were read. */
export function pathOfDestination(
  header: string | readonly string[] | undefined,
  { hosts, prefix = '' }: DestinationOptions,
): string | undefined {
  if (header === undefined) return undefined
  if (typeof header !== 'string')
    throw new InvalidRequestError('invalid_request', 'the request has more than one Destination')
  const [, host, path] = /^(?:https?:\/\/([^/?#]*))?(\/[^?#]*)$/i.exec(header) ?? []
  if (path === undefined) throw new InvalidRequestError('invalid_request', `${quote(header)} is no destination`)
  if (host !== undefined && !hosts.some((own) => own.toLowerCase() === host.toLowerCase())) {
    throw new InvalidRequestError('invalid_request', 'the destination is on another server')
  }
  const stem = prefix.replace(/\/+$/, '')
  if (stem === '') return path
  if (!path.startsWith(`${stem}/`))
    throw new InvalidRequestError('invalid_request', `the destination does not lie in ${stem}/`)
  return path.slice(stem.length)
}
