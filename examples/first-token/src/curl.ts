import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { getToken } from './client.ts'
import { CLIENT, type Site, STORAGE_AUDIENCE } from './site.ts'

/** Files for curl: what is secret goes into them (mode 0600), so that it is in no process list and no shell history. */
export interface CurlFiles {
  readonly header: string
  readonly netrc: string
}

/** Writes the files. */
export function writeCurlFiles(directory: string, { issuerUrl, secrets }: Site, token: string): CurlFiles {
  const files = { header: join(directory, 'token.header'), netrc: join(directory, 'client.netrc') }
  writeHeader(files, token)
  const { hostname } = new URL(issuerUrl)
  writeFileSync(files.netrc, `machine ${hostname} login ${CLIENT} password ${secrets[CLIENT]}\n`, { mode: 0o600 })
  return files
}

/** Gets a new token into the file, for as long as people are trying things. */
export async function renewToken({ header }: CurlFiles, { issuerUrl, secrets }: Site): Promise<void> {
  const credentials = { issuerUrl, clientId: CLIENT, clientSecret: secrets[CLIENT]! }
  writeHeader({ header }, await getToken(credentials, STORAGE_AUDIENCE))
}

/** Lines to copy and paste into another terminal. */
export function curlLines({ header, netrc }: CurlFiles, { issuerUrl, storageUrl }: Site): readonly string[] {
  const withToken = `curl -i -H @${quote(header)}`
  return [
    '# read a file of the experiment',
    `${withToken} ${storageUrl}/store/data/run-1.txt`,
    "# write into Ana's area",
    `echo hello | ${withToken} -T - ${storageUrl}/store/user/ana/hello.txt`,
    '# write elsewhere: refused, and the answer says which scope is missing',
    `echo hello | ${withToken} -T - ${storageUrl}/store/user/ben/hello.txt`,
    '# get a token of your own from the issuer',
    `curl --netrc-file ${quote(netrc)} -d grant_type=client_credentials ${issuerUrl}/token`,
  ]
}

function writeHeader({ header }: Pick<CurlFiles, 'header'>, token: string): void {
  writeFileSync(header, `Authorization: Bearer ${token}\n`, { mode: 0o600 })
}

/** For a POSIX shell; a temporary directory may have a space in its name. */
function quote(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
