import { createHash } from 'node:crypto'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

/** The finished page: its files by name (`index.html`, `assets/app-….js`), as text. */
export type PageSources = Readonly<Record<string, string>>

/** A file of the page, ready to be sent. */
export interface PageFile {
  readonly type: string
  readonly etag: string
  /** Its name changes with its content. */
  readonly isImmutable: boolean
  readonly encodings: Readonly<Record<'br' | 'gzip' | 'identity', Buffer>>
}

/** By name. */
export type PageFiles = ReadonlyMap<string, PageFile>

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  webmanifest: 'application/manifest+json',
}

/** Compresses every file once. */
export function preparePage(sources: PageSources): PageFiles {
  return new Map(Object.entries(sources).map(([name, text]) => [name, prepare(name, Buffer.from(text))]))
}

function prepare(name: string, body: Buffer): PageFile {
  const type = TYPES[name.slice(name.lastIndexOf('.') + 1)]
  if (type === undefined) throw new TypeError(`the page has a file of an unknown type: ${name}`)
  return {
    type,
    etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
    isImmutable: name.startsWith('assets/'),
    encodings: {
      br: brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: body.length } }),
      gzip: gzipSync(body, { level: 9 }),
      identity: body,
    },
  }
}
