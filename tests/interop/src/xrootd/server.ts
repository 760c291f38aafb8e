import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, chownSync, createWriteStream, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { rootCertificates } from 'node:tls'
import { type Authority, signServerCertificate } from '../certificates.ts'
import { freePort } from '../ports.ts'

/** An issuer as XRootD's scitokens.cfg names it. */
export interface TrustedIssuer {
  readonly issuer: string
  readonly basePath: string
}

/** Options of {@link startXrootd}. */
export interface XrootdOptions {
  /** An empty directory that an ordinary user may enter. */
  readonly dir: string
  readonly authority: Authority
  readonly issuers: readonly TrustedIssuer[]
  readonly audience: string
}

/** A running XRootD. */
export interface Xrootd {
  /** `https://localhost:PORT` */
  readonly https: string
  /** `roots://localhost:PORT/` */
  readonly roots: string
  readonly dataDir: string
  /** A directory of hashed CA files, for `X509_CERT_DIR`. */
  readonly caDir: string
  /** Where libscitokens keeps its key cache: its `XDG_CACHE_HOME`. */
  readonly cacheHome: string
  log(): string
  stop(): Promise<void>
}

/** The account that XRootD runs under: it refuses to run as root. Debian's package makes it. */
const ACCOUNT = 'xrootd'

/**
 * Starts XRootD with HTTPS, the xroot protocol and the SciTokens plugin, trusting the given issuers.
 *
 * libscitokens reads the machine's CA bundle and nothing else in Debian 12's version, so XRootD runs in a mount namespace of its
 * own in which the bundle has the rig's CA too; the machine's file is not touched.
 */
export async function startXrootd(options: XrootdOptions): Promise<Xrootd> {
  const { dir, authority } = options
  const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, ACCOUNT], { encoding: 'utf8' }))) as [
    number,
    number,
  ]
  const file = (...names: string[]): string => join(dir, ...names)
  const dataDir = file('data')
  for (const name of ['data', 'admin', 'run', 'cache', 'certificates']) mkdirSync(file(name), { recursive: true })
  for (const name of ['data', 'admin', 'run', 'cache']) chownSync(file(name), uid, gid)

  const server = signServerCertificate(dir, 'xrootd', authority)
  chownSync(server.key, uid, gid)
  chmodSync(server.key, 0o400)
  writeFileSync(file('bundle.pem'), [...rootCertificates, readFileSync(authority.certificate, 'utf8')].join('\n'))
  hashInto(file('certificates'), authority.certificate)

  const [httpsPort, xrootPort] = [await freePort(), await freePort()]
  writeFileSync(file('scitokens.cfg'), tokenConfiguration(options))
  writeFileSync(file('xrootd.cfg'), serverConfiguration({ file, httpsPort, xrootPort, server, authority }))

  const daemon = `mount --bind "$0" "$1" && shift && exec setpriv --reuid=${ACCOUNT} --regid=${ACCOUNT} --clear-groups "$@"`
  const inner = ['/etc/ssl/certs/ca-certificates.crt', 'xrootd', '-c', file('xrootd.cfg'), '-n', 'rig']
  const child = spawn('unshare', ['-m', 'sh', '-c', daemon, file('bundle.pem'), ...inner], {
    cwd: file('run'),
    env: { PATH: process.env['PATH'], HOME: file('cache'), XDG_CACHE_HOME: file('cache') },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const sink = createWriteStream(file('xrootd.log'))
  child.stdout.pipe(sink, { end: false })
  child.stderr.pipe(sink, { end: false })
  const log = (): string => readFileSync(file('xrootd.log'), 'utf8')
  await untilListening(child, [httpsPort, xrootPort], log)
  return {
    https: `https://localhost:${httpsPort}`,
    roots: `roots://localhost:${xrootPort}/`,
    dataDir,
    caDir: file('certificates'),
    cacheHome: file('cache'),
    log,
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
      sink.end()
    },
  }
}

function tokenConfiguration({ issuers, audience }: XrootdOptions): string {
  const sections = issuers.map(
    ({ issuer, basePath }, index) =>
      `[Issuer rig${index}]\nissuer = ${issuer}\nbase_path = ${basePath}\nmap_subject = false\ndefault_user = ${ACCOUNT}\n`,
  )
  return `[Global]\naudience = ${audience}\nonmissing = deny\n\n${sections.join('\n')}`
}

interface Layout {
  readonly file: (...names: string[]) => string
  readonly httpsPort: number
  readonly xrootPort: number
  readonly server: { readonly certificate: string; readonly key: string }
  readonly authority: Authority
}

function serverConfiguration({ file, httpsPort, xrootPort, server, authority }: Layout): string {
  return `all.export /
oss.localroot ${file('data')}
all.adminpath ${file('admin')}
all.pidpath ${file('run')}
all.role server
xrd.port ${xrootPort}
xrd.protocol XrdHttp:${httpsPort} libXrdHttp.so
xrd.tls ${server.certificate} ${server.key}
xrd.tlsca certfile ${authority.certificate}
xrootd.tls capable all
xrootd.seclib libXrdSec.so
sec.protocol ztn
sec.protbind * only ztn
ofs.authorize 1
ofs.authlib libXrdAccSciTokens.so config=${file('scitokens.cfg')}
http.header2cgi Authorization authz
http.listingdeny no
xrootd.chksum max 2 adler32
scitokens.trace all
`
}

function hashInto(directory: string, certificate: string): void {
  const hash = execFileSync('openssl', ['x509', '-hash', '-noout', '-in', certificate], { encoding: 'utf8' }).trim()
  writeFileSync(join(directory, `${hash}.0`), readFileSync(certificate))
}

async function untilListening(child: ChildProcess, ports: readonly number[], log: () => string): Promise<void> {
  const deadline = Date.now() + 20_000
  for (const port of ports) {
    // oxlint-disable-next-line no-await-in-loop -- one port after the other
    while (!(await accepts(port))) {
      if (child.exitCode !== null || Date.now() > deadline) {
        child.kill('SIGKILL')
        throw new Error(`XRootD did not start:\n${log().slice(-2000)}`)
      }
      // oxlint-disable-next-line no-await-in-loop -- waiting is the point
      await sleep(50)
    }
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
  }).finally(() => socket.destroy()) as Promise<boolean>
}
