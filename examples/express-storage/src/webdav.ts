import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { encodeScopePath, type Path } from '@scitokens/core'
import type { Entry } from './entry.ts'
import { multistatus } from './propfind.ts'
import { parseContentRange, parseRange } from './ranges.ts'
import type { FileStorage } from './storage.ts'
import { StorageError, type StorageProblem } from './storage-error.ts'
import type { Uploads } from './uploads.ts'

/** A request that a guard has let through. */
export interface WebDavRequest {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** The path that the guard judged. */
  readonly path: string
  /** For MOVE and COPY: the path that the guard judged as destination. */
  readonly destination?: string | undefined
  /** Whether the guard was told that something is at the target, and so asked for the right to replace it. */
  readonly replace: boolean
  /** Whose upload this is. */
  readonly owner: string
  /** What stands before the storage's paths in URLs; `/data` or empty. */
  readonly prefix: string
}

/** What the handlers work on. */
export interface Service {
  readonly storage: FileStorage
  readonly uploads: Uploads
}

type Handler = (service: Service, dav: WebDavRequest) => Promise<void>

const HANDLERS: Readonly<Record<string, Handler>> = {
  OPTIONS: options,
  GET: get,
  HEAD: get,
  PUT: put,
  DELETE: remove,
  MKCOL: makeDirectory,
  PROPFIND: propfind,
  MOVE: relocate,
  COPY: relocate,
}

/** Methods that this service knows, for routers and `Allow`. */
export const METHODS: readonly string[] = Object.keys(HANDLERS)

/** Answers a request that has been judged. Works on Node's own request and response, whatever framework they came through. */
export async function serve(service: Service, dav: WebDavRequest): Promise<void> {
  const { request, response } = dav
  const handler = HANDLERS[request.method ?? '']
  if (!handler) return answer(response, 405, { allow: METHODS.join(', ') })
  try {
    await handler(service, dav)
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    if (response.headersSent) response.destroy(error)
    else refuse(dav, error)
  }
}

async function options(_: Service, { response }: WebDavRequest): Promise<void> {
  answer(response, 204, { allow: METHODS.join(', '), dav: '1' })
}

async function get({ storage }: Service, { request, response, path }: WebDavRequest): Promise<void> {
  const { entry, handle } = await storage.openFile(path)
  try {
    const headers = { ...validators(entry), 'accept-ranges': 'bytes', ...INERT }
    const stop = failedPrecondition(request, entry)
    if (stop) return answer(response, stop, validators(entry))
    const ifRange = request.headers['if-range']
    const range =
      ifRange === undefined || ifRange === entry.etag ? parseRange(request.headers.range, entry.size) : undefined
    if (range === 'unsatisfiable') return answer(response, 416, { 'content-range': `bytes */${entry.size}` })
    const length = range ? range.end - range.start + 1 : entry.size
    response.writeHead(range ? 206 : 200, {
      ...headers,
      'content-length': length,
      ...(range && { 'content-range': `bytes ${range.start}-${range.end}/${entry.size}` }),
    })
    if (request.method === 'HEAD' || length === 0) response.end()
    else
      await pipeline(
        handle.createReadStream({ start: range?.start ?? 0, end: range?.end ?? entry.size - 1, autoClose: false }),
        response,
      )
  } catch (error) {
    if (!response.headersSent) throw error
    response.destroy() // the client went away, or the disk failed: what was promised cannot be sent
  } finally {
    await handle.close()
  }
}

async function put(service: Service, dav: WebDavRequest): Promise<void> {
  const { request, response, path, owner } = dav
  const existing = await service.storage.stat(path)
  const stop = failedPrecondition(request, existing)
  if (stop) return answer(response, 412)
  const replace = dav.replace && request.headers['if-none-match'] === undefined
  const partial = request.headers['content-range']
  if (partial === undefined) {
    const entry = await service.storage.write(path, request, { replace })
    return answer(response, existing ? 204 : 201, validators(entry))
  }
  const range = parseContentRange(partial)
  if (!range) return answer(response, 400)
  const { received, entry } = await service.uploads.add({ path, owner, range, content: request, replace })
  if (entry) return answer(response, existing ? 204 : 201, validators(entry))
  answer(response, 202, received === 0 ? {} : { range: `bytes=0-${received - 1}` })
}

async function remove({ storage }: Service, { request, response, path }: WebDavRequest): Promise<void> {
  if (failedPrecondition(request, await storage.stat(path))) return answer(response, 412)
  await storage.remove(path)
  answer(response, 204)
}

async function makeDirectory({ storage }: Service, { request, response, path }: WebDavRequest): Promise<void> {
  // RFC 4918 section 9.3: a body would mean something that this server does not understand.
  if (Number(request.headers['content-length'] ?? 0) > 0 || request.headers['transfer-encoding'])
    return answer(response, 415)
  if (await storage.stat(path))
    return answer(response, 405, { allow: METHODS.filter((name) => name !== 'MKCOL').join(', ') })
  await storage.makeDirectory(path)
  answer(response, 201)
}

async function propfind({ storage }: Service, { request, response, path, prefix }: WebDavRequest): Promise<void> {
  const depth = request.headers['depth'] ?? 'infinity'
  request.resume() // whichever properties are named, the answer has all that a file has
  if (depth !== '0' && depth !== '1') {
    // RFC 4918 section 9.1: a whole tree at once may be refused, in these words.
    return answer(
      response,
      403,
      { 'content-type': XML },
      '<D:error xmlns:D="DAV:"><D:propfind-finite-depth/></D:error>\n',
    )
  }
  const entry = await storage.stat(path)
  if (!entry) throw new StorageError('not_found', 'there is no such file or directory')
  const children = entry.directory && depth === '1' ? await storage.list(path) : []
  const body = multistatus([entry, ...children], (each) => prefix + encodeScopePath(each.path as Path))
  answer(response, 207, { 'content-type': XML }, body)
}

async function relocate({ storage }: Service, dav: WebDavRequest): Promise<void> {
  const { request, response, path, destination } = dav
  if (destination === undefined) return answer(response, 400)
  // RFC 4918 section 10.6: absence means T.
  const overwrite = request.headers['overwrite'] !== 'F'
  const existing = await storage.stat(destination)
  if (existing && !overwrite) return answer(response, 412)
  const replace = { replace: dav.replace && overwrite }
  await (request.method === 'MOVE'
    ? storage.move(path, destination, replace)
    : storage.copy(path, destination, replace))
  answer(response, existing ? 204 : 201)
}

/** Uploaded by anybody, so never anything that a browser would run. */
const INERT = { 'content-type': 'application/octet-stream', 'x-content-type-options': 'nosniff' }
const XML = 'application/xml; charset=utf-8'

function validators(entry: Entry): Record<string, string> {
  return { etag: entry.etag, 'last-modified': entry.modified.toUTCString() }
}

/** RFC 9110 section 13.2.2, for entity tags. */
function failedPrecondition(request: IncomingMessage, entry: Entry | undefined): 304 | 412 | undefined {
  const names = (header: string): boolean =>
    entry !== undefined && (header.trim() === '*' || header.split(',').some((tag) => tag.trim() === entry.etag))
  const match = request.headers['if-match']
  if (match !== undefined && !names(match)) return 412
  const noneMatch = request.headers['if-none-match']
  if (noneMatch === undefined || !names(noneMatch)) return undefined
  return request.method === 'GET' || request.method === 'HEAD' ? 304 : 412
}

const STATUS: Readonly<Record<StorageProblem, number>> = {
  not_found: 404,
  exists: 412,
  no_parent: 409,
  is_directory: 409,
  not_a_directory: 409,
  forbidden: 403,
  changed: 412,
  busy: 409,
  wrong_offset: 416,
  no_space: 507,
}

function refuse({ request, response }: WebDavRequest, error: StorageError): void {
  if (!request.complete) response.setHeader('connection', 'close') // the rest of the body is not wanted
  const range = error.received ? { 'content-range': `bytes 0-${error.received - 1}/*` } : {}
  answer(
    response,
    STATUS[error.problem],
    { 'content-type': 'text/plain; charset=utf-8', ...range },
    `${error.message}\n`,
  )
}

function answer(response: ServerResponse, status: number, headers: Record<string, string> = {}, body = ''): void {
  response.writeHead(status, { ...headers, ...(status !== 204 && { 'content-length': Buffer.byteLength(body) }) })
  response.end(body)
}
