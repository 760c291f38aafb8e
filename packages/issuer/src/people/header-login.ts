import { timingSafeEqual, createHash } from 'node:crypto'
import { BlockList, isIP } from 'node:net'
import { ConfigError, isGroupName } from '@scitokens/core'
import { html } from './html.ts'
import { checkSubject } from './subject.ts'
import type { LoginRequest, LoginStep, Upstream } from './upstream.ts'

/** Options of {@link HeaderLogin}. At least one of `addresses` and `secret` is needed, and every one given must hold. */
export interface HeaderLoginOptions {
  /** The header that holds the subject, such as `x-remote-user`. Lower case. */
  readonly subjectHeader: string
  /** A name for greeting. Default: none. */
  readonly nameHeader?: string
  /** Groups, separated by commas, semicolons or spaces. Default: none. */
  readonly groupsHeader?: string
  /** Addresses or networks (`10.1.0.0/16`) of the front end, as the connection shows them. */
  readonly addresses?: readonly string[]
  /** A secret that the front end sends in `secretHeader`; at least 32 characters. */
  readonly secret?: string
  /** Default: `x-front-end-secret`. */
  readonly secretHeader?: string
}

/**
 * Believes a front end (Apache with Shibboleth, Kerberos or certificates) that tells in a header who logged in. Only the front end
 * itself is believed: by the address of the connection, never by a forwarded one, by a shared secret, or both. The front end must
 * remove these headers from what the world sends.
 */
export class HeaderLogin implements Upstream {
  readonly name = 'front end'
  readonly #options: HeaderLoginOptions
  readonly #addresses: BlockList | undefined

  /** Throws `config_error`. */
  constructor(options: HeaderLoginOptions) {
    if (!options.addresses && options.secret === undefined) {
      throw new ConfigError('login: a trusted header needs the addresses of the front end, or a secret')
    }
    if (options.secret !== undefined && options.secret.length < 32) {
      throw new ConfigError('login: the secret of the front end must have 32 characters or more')
    }
    for (const name of [options.subjectHeader, options.nameHeader, options.groupsHeader, options.secretHeader]) {
      if (name !== undefined && !/^[a-z0-9-]+$/.test(name))
        throw new ConfigError(`login: ${name} is not a header in lower case`)
    }
    this.#options = options
    this.#addresses = options.addresses && readAddresses(options.addresses)
  }

  async step(request: LoginRequest): Promise<LoginStep> {
    const { subjectHeader, nameHeader, groupsHeader } = this.#options
    if (!this.#isFrontEnd(request)) return refusal('This address is reached through the site’s front end only.')
    const subject = single(request, subjectHeader)
    if (subject === undefined || !checkSubject(subject)) return refusal('The site’s front end did not say who you are.')
    const name = nameHeader === undefined ? undefined : single(request, nameHeader)
    const groups = groupsHeader === undefined ? [] : (single(request, groupsHeader) ?? '').split(/[,; ]+/)
    return { person: { subject, ...(name === undefined ? {} : { name }), groups: groups.filter(isGroupName) } }
  }

  #isFrontEnd(request: LoginRequest): boolean {
    const { secret, secretHeader = 'x-front-end-secret' } = this.#options
    const address = request.remoteAddress.replace(/^::ffff:(?=\d+\.)/, '')
    if (this.#addresses && !(isIP(address) && this.#addresses.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4'))) {
      return false
    }
    if (secret === undefined) return true
    const sent = single(request, secretHeader)
    return sent !== undefined && timingSafeEqual(digest(sent), digest(secret))
  }
}

/** The value of a header that is there once. Twice means that somebody slipped one in. */
function single({ headers }: LoginRequest, name: string): string | undefined {
  const value = headers[name]
  if (typeof value !== 'string' || value.trim() === '') return undefined
  return value.trim()
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function readAddresses(list: readonly string[]): BlockList {
  const addresses = new BlockList()
  for (const entry of list) {
    const [address = '', prefix] = entry.split('/')
    const version = isIP(address)
    const bits = prefix === undefined ? undefined : Number(prefix)
    if (
      !version ||
      (bits !== undefined && !(Number.isInteger(bits) && bits >= 0 && bits <= (version === 6 ? 128 : 32)))
    ) {
      throw new ConfigError(`login: ${entry} is not an address or a network`)
    }
    const family = version === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) addresses.addAddress(address, family)
    else addresses.addSubnet(address, bits, family)
  }
  return addresses
}

function refusal(problem: string): LoginStep {
  return { title: 'You are not logged in', form: html`<p>${problem}</p>`, status: 403 }
}
