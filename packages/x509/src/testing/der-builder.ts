/** Writes DER, for certificates with whatever fault a test needs. Knows nothing of the reader under test. */
function tlv(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents)
  if (content.length < 0x80) return Buffer.concat([Buffer.from([tag, content.length]), content])
  const hex = content.length.toString(16)
  const length = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, content])
}

export const seq = (...items: readonly Uint8Array[]): Buffer => tlv(0x30, ...items)
export const set = (...items: readonly Uint8Array[]): Buffer => tlv(0x31, ...items)
/** A context-specific tag around other values. */
export const context = (tag: number, ...items: readonly Uint8Array[]): Buffer => tlv(0xa0 | tag, ...items)
/** A context-specific tag instead of the value's own. */
export const implicit = (tag: number, content: Uint8Array): Buffer => tlv(0x80 | tag, content)
export const octets = (content: Uint8Array): Buffer => tlv(0x04, content)
export const bits = (content: Uint8Array, unused = 0): Buffer => tlv(0x03, Buffer.from([unused]), content)
export const bool = (value: boolean): Buffer => tlv(0x01, Buffer.from([value ? 0xff : 0]))
export const nothing: Buffer = tlv(0x05)
export const utf8 = (text: string): Buffer => tlv(0x0c, Buffer.from(text))
export const printable = (text: string): Buffer => tlv(0x13, Buffer.from(text))
const ia5 = (text: string): Buffer => tlv(0x16, Buffer.from(text))

export function integer(value: number | bigint): Buffer {
  let hex = value.toString(16)
  if (hex.length % 2 === 1) hex = `0${hex}`
  const bytes = Buffer.from(hex, 'hex')
  return tlv(0x02, bytes[0]! > 0x7f ? Buffer.concat([Buffer.from([0]), bytes]) : bytes)
}

export function oid(text: string): Buffer {
  const [first, second, ...rest] = text.split('.').map(Number)
  const bytes = [first! * 40 + second!, ...rest].flatMap((part) => {
    const groups = [part & 0x7f]
    for (let left = Math.floor(part / 128); left > 0; left = Math.floor(left / 128))
      groups.unshift((left & 0x7f) | 0x80)
    return groups
  })
  return tlv(0x06, Buffer.from(bytes))
}

/** Seconds since the epoch, always with four digits of the year. */
export function generalizedTime(seconds: number): Buffer {
  const text = new Date(seconds * 1000).toISOString().replaceAll(/[-:T]|\.\d+/g, '')
  return tlv(0x18, Buffer.from(text))
}

const TYPES: Readonly<Record<string, string>> = {
  CN: '2.5.4.3',
  C: '2.5.4.6',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  DC: '0.9.2342.19200300.100.1.25',
  emailAddress: '1.2.840.113549.1.9.1',
}

/** `/DC=org/CN=Ana` as a Name. */
export function nameOf(text: string, write: (value: string) => Buffer = utf8): Buffer {
  const parts = text.split(/\/(?=[A-Za-z]+=)/).filter((part) => part !== '')
  return seq(
    ...parts.map((part) => {
      const at = part.indexOf('=')
      const type = part.slice(0, at)
      const value = part.slice(at + 1)
      // RFC 4519 section 2.4: domain components are ASCII.
      return set(seq(oid(TYPES[type]!), type === 'DC' ? ia5(value) : write(value)))
    }),
  )
}
