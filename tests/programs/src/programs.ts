import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { basename, delimiter, dirname, join } from 'node:path'

/** Programs that tests use and that a bare machine need not have, by the Debian packages that they come in. */
const BY_PACKAGE: Readonly<Record<string, string>> = {
  'apache2-bin lua-socket': 'apache2',
  bash: 'bash',
  bsdutils: 'script',
  coreutils: 'cat chmod chown cp env head install mkdir mkfifo mv rm sleep stat stty tail timeout touch',
  curl: 'curl',
  findutils: 'find',
  fish: 'fish',
  grep: 'grep',
  jq: 'jq',
  'libc-bin': 'getent',
  logrotate: 'logrotate',
  mount: 'mount',
  nginx: 'nginx',
  openssl: 'openssl',
  'perl-base': 'perl',
  postgresql: 'initdb postgres',
  prometheus: 'promtool',
  'scitokens-cpp': 'scitokens-create scitokens-test-access scitokens-verify',
  sed: 'sed',
  systemd: 'systemd-analyze systemd-notify',
  tar: 'tar',
  'util-linux': 'prlimit unshare',
  'voms-clients': 'voms-proxy-fake',
  zsh: 'zsh',
}

/** What a program is of no use without. */
const ALONG: Readonly<Record<string, readonly string[]>> = {
  apache2: ['/usr/lib/apache2/modules/mod_lua.so', '/usr/share/lua/5.3/socket.lua'],
}

const PACKAGES: ReadonlyMap<string, string> = new Map(
  Object.entries(BY_PACKAGE).flatMap(([debian, programs]) =>
    programs.split(' ').map((name) => [name, debian] as const),
  ),
)

/** What every machine has that this project can be developed on. */
export const BARE: readonly string[] = ['git', 'node', 'npm', 'sh']

/** The Debian packages of a program, as `apt-get install` takes them. Throws for a name that is not in the table. */
export function debianPackages(program: string): string {
  const found = PACKAGES.get(program)
  if (found === undefined) throw new Error(`no program ${program} in the table of tests/programs/src/programs.ts`)
  return found
}

/**
 * Where a program of the table lies. Servers lie in `sbin`, which is not on everybody's `PATH`: it is looked for beside each
 * `bin`.
 *
 * @param path - where to look. Default: this process's `PATH`.
 * @returns `undefined` where the program is missing, or what it is of no use without.
 */
export function find(program: string, path: string = process.env['PATH'] ?? ''): string | undefined {
  debianPackages(program)
  if (ALONG[program]?.some((file) => !existsSync(file))) return undefined
  const folders = path
    .split(delimiter)
    .flatMap((folder) => (basename(folder) === 'bin' ? [folder, join(dirname(folder), 'sbin')] : [folder]))
  return folders.map((folder) => join(folder, program)).find((file) => isExecutable(file))
}

/** Where a program lies that a test has asked for. */
export function pathOf(program: string): string {
  const found = find(program)
  if (found === undefined) throw new Error(missing(program))
  return found
}

/** The programs of the table that a shell's commands speak of. */
export function programsIn(commands: string): string[] {
  const words = new Set(commands.match(/(?<![\w./-])[a-z][\w-]*(?![\w./-])/g))
  return [...words].filter((word) => PACKAGES.has(word))
}

/** One sentence that says what to do about a missing program. */
export function missing(program: string): string {
  return `${program} is missing on this machine (Debian: apt-get install ${debianPackages(program)})`
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}
