import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'

/** A registry on loopback with the packages given to it; it counts what is fetched. */
export interface Registry {
  readonly url: string
  /** Names of the archives fetched so far. */
  readonly fetched: string[]
  close(): Promise<void>
}

/** A package whose files are executable scripts, keyed by path inside the package. */
export interface FakePackage {
  readonly name: string
  readonly version: string
  readonly files: Readonly<Record<string, string>>
}

export async function startRegistry(packages: readonly FakePackage[]): Promise<Registry> {
  const archives = new Map<string, Buffer>(packages.map((fake) => [archiveName(fake), pack(fake)]))
  const fetched: string[] = []
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '/').slice(1)
    const archive = archives.get(path)
    if (archive !== undefined) {
      fetched.push(path)
      response.end(archive)
      return
    }
    const versions = packages.filter((fake) => fake.name === path)
    response.statusCode = versions.length === 0 ? 404 : 200
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(versions.length === 0 ? {} : packument(path, versions, registryUrl())))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const registryUrl = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  return {
    url: registryUrl(),
    fetched,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function archiveName({ name, version }: FakePackage): string {
  return `${name.replace('/', '-')}-${version}.tgz`
}

function packument(name: string, versions: readonly FakePackage[], url: string): object {
  return {
    name,
    'dist-tags': { latest: versions.at(-1)?.version },
    versions: Object.fromEntries(
      versions.map((fake) => [
        fake.version,
        { name, version: fake.version, dist: { tarball: `${url}${archiveName(fake)}` } },
      ]),
    ),
  }
}

/** An archive as npm has it: tar, compressed. No program is needed for it, so that this runs where only Node and npm are. */
function pack(fake: FakePackage): Buffer {
  const files = { 'package.json': JSON.stringify({ name: fake.name, version: fake.version }), ...fake.files }
  const entries = Object.entries(files).flatMap(([path, text]) => tarEntry(`package/${path}`, Buffer.from(text)))
  return gzipSync(Buffer.concat([...entries, Buffer.alloc(1024)]))
}

/** A file of a tar archive, mode 0755. POSIX.1-1988, ustar. */
function tarEntry(path: string, content: Buffer): Buffer[] {
  const header = Buffer.alloc(512)
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`
  header.write(path, 0)
  header.write(octal(0o755, 7), 100)
  header.write(octal(0, 7) + octal(0, 7) + octal(content.length, 11) + octal(0, 11), 108)
  header.write('        0', 148)
  header.write('ustar\u000000', 257)
  header.write(
    `${octal(
      header.reduce((sum, byte) => sum + byte, 0),
      6,
    )} `,
    148,
  )
  return [header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]
}
