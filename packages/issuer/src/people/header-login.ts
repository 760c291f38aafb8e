import { createHash, timingSafeEqual } from 'node:crypto'
import { networkInterfaces } from 'node:os'
import { ConfigError } from '@scitokens/core'
import {
  flag,
  given,
  isGroupName,
  isSubject,
  listOf,
  LOOPBACK,
  Networks,
  type OptionReaders,
  readOptions,
  text,
} from '@scitokens/core/internal'
import { headerValues } from '@scitokens/enforcer/http'
import { html } from './html.ts'
import { type LoginKind, loginKind } from './login-kind.ts'
import type { LoginRequest, LoginStep, Upstream } from './upstream.ts'

/** Options of {@link HeaderLogin}. One of `addresses`, `secret` and `unixSocket` is needed, and every one given must hold. */
export interface HeaderLoginOptions {
  /** The header that holds the subject, such as `x-remote-user`. Lower case. */
  readonly subjectHeader: string
  /** A name for greeting. Default: none. */
  readonly nameHeader?: string
  /** Groups, separated by commas, semicolons or spaces. Default: none. */
  readonly groupsHeader?: string
  /**
   * Addresses or networks (`10.1.0.0/16`) of the front end, as the connection shows them. Every user of this machine has its
   * addresses, so for a front end on it (`127.0.0.1`) `secret` is needed as well, or `unixSocket` instead.
   */
  readonly addresses?: readonly string[]
  /** A secret that the front end sends in `secretHeader`; at least 32 characters. */
  readonly secret?: string
  /** Default: `x-front-end-secret`. */
  readonly secretHeader?: string
  /** Only over a Unix socket of this server, whose directory is closed to everybody but the front end. Default: false. */
  readonly unixSocket?: boolean
}

const READERS: OptionReaders<HeaderLoginOptions> = {
  subjectHeader: text,
  nameHeader: text,
  groupsHeader: text,
  // An empty list has a message of its own.
  addresses: listOf(text, { empty: true }),
  secret: text,
  secretHeader: text,
  unixSocket: flag,
}

const MIN_SECRET_LENGTH = 32
const DEFAULT_SECRET_HEADER = 'x-front-end-secret'

/**
 * Believes a front end (Apache with Shibboleth, Kerberos or certificates) that tells in a header who logged in. Only the front end
 * itself is believed: by the address of the connection, never by a forwarded one, by a shared secret, by a Unix socket that nobody else
 * can reach, or by several of these. The front end must remove these headers from what the world sends; one that comes twice is not
 * believed, as one of the two came from outside.
 */
export class HeaderLogin implements Upstream {
  /** What the audit calls it. */
  readonly name = 'front end'
  readonly #options: HeaderLoginOptions
  readonly #addresses: Networks | undefined

  /**
   * Throws `config_error`.
   *
   * @param at - what messages call these options. Default: `login.header`.
   */
  constructor(wanted: HeaderLoginOptions, at: string = 'login.header') {
    const options = readOptions(wanted, READERS, at)
    if (options.subjectHeader === undefined) throw new ConfigError('config_error', `${at}.subjectHeader: is missing`)
    const { addresses, secret, unixSocket = false } = options
    if (addresses === undefined && secret === undefined && !unixSocket) {
      throw new ConfigError(
        'config_error',
        `${at}: a front end is believed by its addresses, a secret or a unixSocket: name one`,
      )
    }
    if (secret !== undefined && secret.length < MIN_SECRET_LENGTH) {
      throw new ConfigError('config_error', `${at}.secret: must have ${MIN_SECRET_LENGTH} characters or more`)
    }
    if (addresses?.length === 0)
      throw new ConfigError('config_error', `${at}.addresses: is empty, so nobody could log in`)
    if (addresses !== undefined && unixSocket) {
      throw new ConfigError('config_error', `${at}.addresses: nobody has an address who comes over a unixSocket`)
    }
    // By its default name, too: as a subject the secret would stand in every token.
    const secretHeader = options.secretHeader ?? DEFAULT_SECRET_HEADER
    const headers = [options.subjectHeader, options.nameHeader, options.groupsHeader, secretHeader]
    const names = headers.filter((name) => name !== undefined)
    for (const name of names) {
      if (!/^[a-z0-9-]+$/.test(name))
        throw new ConfigError('config_error', `${at}: ${JSON.stringify(name)} is not a header in lower case`)
    }
    if (new Set(names).size < names.length)
      throw new ConfigError('config_error', `${at}: a header can tell one thing only`)
    this.#options = options
    this.#addresses = addresses && new Networks(addresses, { at: `${at}.addresses` })
    if (this.#addresses?.meets(LOOPBACK) && secret === undefined) {
      throw new ConfigError(
        'config_error',
        `${at}.addresses: every user of this machine has a loopback address and could log in as anybody: ` +
          'add a secret, or use unixSocket with listen.socket instead',
      )
    }
  }

  /** Believes the headers of the front end, or answers a page with status 403. */
  async step(request: LoginRequest): Promise<LoginStep> {
    if (!this.#isFrontEnd(request)) return refusal('This address is reached through the site’s front end only.')
    try {
      return { person: this.#person(request) }
    } catch (error) {
      if (error instanceof NotBelieved) return refusal('The site’s front end did not say who you are.')
      throw error
    }
  }

  #person(request: LoginRequest): Extract<LoginStep, { person: unknown }>['person'] {
    const { subjectHeader, nameHeader, groupsHeader } = this.#options
    const subject = single(request, subjectHeader)
    if (subject === undefined || !isSubject(subject)) throw new NotBelieved()
    const name = nameHeader === undefined ? undefined : single(request, nameHeader)
    const groups = groupsHeader === undefined ? [] : (single(request, groupsHeader) ?? '').split(/[,; ]+/)
    return { subject, ...given({ name }), groups: groups.filter(isGroupName) }
  }

  #isFrontEnd(request: LoginRequest): boolean {
    const { secret, secretHeader = DEFAULT_SECRET_HEADER, unixSocket = false } = this.#options
    if (unixSocket && !request.overUnixSocket) return false
    if (this.#addresses && !this.#addresses.holds(request.remoteAddress)) return false
    // Any user of this machine can come from any of its addresses, also where a network of the front end has them.
    if (secret === undefined) return unixSocket || !isOfThisMachine(request)
    const sent = headerValues(request.headers, secretHeader)
    return sent.length === 1 && timingSafeEqual(digest(sent[0]!), digest(secret))
  }
}

/** Chosen by `header: { … }`. */
export const headerLogin: LoginKind = loginKind<HeaderLoginOptions>({
  chosenBy: 'header',
  readers: READERS,
  secrets: ['secret'],
  open: (options, { at }) => new HeaderLogin(options, at),
})

/** What the front end said makes no sense: a header that came twice, or no subject that a token can carry. */
class NotBelieved extends Error {}

/** The value of a header that is there once. */
function single({ headers }: LoginRequest, name: string): string | undefined {
  const values = headerValues(headers, name)
  if (values.length > 1) throw new NotBelieved()
  const value = values[0]?.trim()
  return value === '' ? undefined : value
}

function isOfThisMachine({ remoteAddress, localAddress }: LoginRequest): boolean {
  if (remoteAddress === localAddress || LOOPBACK.holds(remoteAddress)) return true
  const address = remoteAddress.replace(/^::ffff:(?=\d+\.)/, '')
  return Object.values(networkInterfaces()).some((all) => all?.some((own) => own.address === address))
}

function digest(value: string): Buffer {
  return createHash('sha256').update(value).digest()
}

function refusal(problem: string): LoginStep {
  return { title: 'You are not logged in', form: html`<p>${problem}</p>`, status: 403 }
}
