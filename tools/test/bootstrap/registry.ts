import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'

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

export async function startRegistry(temp: string, packages: readonly FakePackage[]): Promise<Registry> {
  const archives = new Map<string, Buffer>(packages.map((fake) => [archiveName(fake), pack(temp, fake)]))
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

function pack(temp: string, fake: FakePackage): Buffer {
  const folder = mkdtempSync(join(temp, 'pack-'))
  const files = { 'package.json': JSON.stringify({ name: fake.name, version: fake.version }), ...fake.files }
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, 'package', path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    chmodSync(file, 0o755)
  }
  const tar = spawnSync('tar', ['-czf', 'package.tgz', 'package'], { cwd: folder })
  if (tar.status !== 0) throw new Error(`tar failed: ${String(tar.stderr)}`)
  const archive = readFileSync(join(folder, 'package.tgz'))
  rmSync(folder, { recursive: true })
  return archive
}
